/** What the page does when scripts run: search and fold the await tree, open everything for paper. It loads nothing. */
export const PAGE_SCRIPT = `
(() => {
  'use strict'
  const tree = document.getElementById('await-tree')
  const all = () => tree.querySelectorAll('details')
  const on = (id, event, act) => document.getElementById(id)?.addEventListener(event, act)
  if (tree) {
    const said = document.getElementById('found')
    on('unfold', 'click', () => all().forEach((each) => { each.open = true }))
    on('fold', 'click', () => all().forEach((each) => { each.open = false }))
    on('search', 'input', (event) => {
      const wanted = event.target.value.trim().toLowerCase()
      const nodes = [...tree.querySelectorAll('[data-text]')]
      let hits = 0
      for (const node of nodes) node.classList.remove('hit', 'out')
      if (wanted === '') { said.textContent = ''; return }
      const kept = new Set()
      for (const node of nodes) {
        if (!node.dataset.text.toLowerCase().includes(wanted)) continue
        hits++
        node.classList.add('hit')
        for (let up = node; up && up !== tree; up = up.parentElement) {
          if (up !== node && up.tagName === 'DETAILS') up.open = true
          kept.add(up)
        }
        for (const inner of node.querySelectorAll('[data-text]')) kept.add(inner)
      }
      for (const node of nodes) if (!kept.has(node)) node.classList.add('out')
      said.textContent = hits === 1 ? '1 place' : hits + ' places'
    })
  }
  let opened = []
  addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details:not([open])')]
    for (const each of opened) each.open = true
  })
  addEventListener('afterprint', () => { for (const each of opened) each.open = false })
})()
`
