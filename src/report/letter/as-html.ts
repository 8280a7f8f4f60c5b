/** A letter as HTML for tickets and mails that take nothing else: no styles, no scripts, everything foreign escaped. */
import type { Block, Letter } from './letter.js'

export function letterAsHtml({ blocks }: Letter): string {
  return blocks.map((each) => htmlOf(each)).join('\n')
}

function htmlOf(each: Block): string {
  switch (each.kind) {
    case 'text':
      return each.strong === true ? `<p><b>${escapeHtml(each.text)}</b></p>` : `<p>${escapeHtml(each.text)}</p>`
    case 'heading':
      return `<h3>${escapeHtml(each.text)}</h3>`
    case 'list': {
      const items = each.items.map(({ label, text, url }) => {
        const shown = escapeHtml(text)
        return `<li>${escapeHtml(label)}: ${url === undefined ? shown : `<a href="${escapeHtml(url)}">${shown}</a>`}</li>`
      })
      return `<ul>${items.join('')}</ul>`
    }
    case 'code':
      return `<pre>${escapeHtml(each.lines.join('\n'))}</pre>`
  }
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
