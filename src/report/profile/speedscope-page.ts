/**
 * A profile as one HTML file that opens in a browser with no network: speedscope's own release files with the profile
 * beside them. Speedscope offers `loadFileFromBase64` once it was told of a local profile by the page's hash.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** @param name shown as the page's title and the profile's name */
export function speedscopePage(name: string, profile: string): string {
  const folder = join(dirname(createRequire(__filename).resolve('speedscope/package.json')), 'dist', 'release')
  const file = (pattern: RegExp): string => {
    const found = readdirSync(folder).find((entry) => pattern.test(entry))
    return found === undefined ? '' : readFileSync(join(folder, found), 'utf8')
  }
  const script = file(/^speedscope-.*\.js$/)
  const data = Buffer.from(profile).toString('base64')
  const load = `
    history.replaceState(null, '', '#localProfilePath=embedded&title=' + encodeURIComponent(${JSON.stringify(name)}));
    const timer = setInterval(() => {
      if (!window.speedscope) return;
      clearInterval(timer);
      window.speedscope.loadFileFromBase64(${JSON.stringify(name)}, document.getElementById('profile').textContent);
    }, 10);`
  return `<!doctype html>
<html>
<head>
<meta charset="utf-8">
<title>${escapeHtml(name)}</title>
<style>${file(/^speedscope-.*\.css$/)}</style>
</head>
<body>
<script id="profile" type="text/plain">${data}</script>
<script>${inScript(load)}</script>
<script>${inScript(script)}</script>
</body>
</html>
`
}

function inScript(text: string): string {
  return text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
