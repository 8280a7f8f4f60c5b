/**
 * A profile as one HTML page that opens in a browser with no network: speedscope's own release files with the profile
 * beside them. Speedscope offers `loadFileFromBase64` once it was told of a local profile by the page's hash.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** tools/finish-dist.mjs puts it there; the second is for tests, which run from src/. */
const FOLDERS = [join(__dirname, '../vendor/speedscope'), join(__dirname, '../../dist/vendor/speedscope')]

export interface SpeedscopePage {
  readonly html: string
  /** Text of each script, for a policy that allows these and no others. */
  readonly scripts: readonly string[]
}

/** @param name shown as the page's title and the profile's name: command, process, host, time, engine, what was missed */
export function speedscopePage(name: string, profile: string): SpeedscopePage {
  const folder = FOLDERS.find((each) => existsSync(each)) ?? ''
  const file = (pattern: RegExp): string => {
    const found = readdirSync(folder).find((entry) => pattern.test(entry))
    return found === undefined ? '' : readFileSync(join(folder, found), 'utf8')
  }
  const data = Buffer.from(profile).toString('base64')
  const scripts = [inScript(loaderText(name)), inScript(file(/^speedscope-.*\.js$/))]
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeHtml(name)}</title>
<style>${withoutFonts(file(/^speedscope-.*\.css$/))}</style>
</head>
<body>
<script id="profile" type="text/plain">${data}</script>
${scripts.map((script) => `<script>${script}</script>`).join('\n')}
</body>
</html>
`
  return { html, scripts }
}

/** A font in a file beside the page would be asked for, and not be there; the browser's own will do. */
function withoutFonts(css: string): string {
  return css.replaceAll(/@font-face\s*\{[^}]*\}/g, '')
}

/** Left heavy: what is hot stands first, where the order of time would show slivers. */
function loaderText(name: string): string {
  return `
    location.hash = '#view=left-heavy&localProfilePath=embedded&title=' + encodeURIComponent(${JSON.stringify(name)});
    try { window.localStorage.length } catch {
      // In a frame without an origin of its own speedscope has nowhere to keep its colours.
      Object.defineProperty(window, 'localStorage', { value: {} });
    }
    const timer = setInterval(() => {
      if (!window.speedscope) return;
      clearInterval(timer);
      window.speedscope.loadFileFromBase64(${JSON.stringify(name)}, document.getElementById('profile').textContent);
    }, 10);`
}

function inScript(text: string): string {
  return text.replaceAll(/<\/script/gi, '<\\/script').replaceAll('<!--', '<\\!--')
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
