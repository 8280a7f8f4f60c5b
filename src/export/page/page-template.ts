/**
 * The page itself. `<%= %>` escapes: every name, URL and line of source goes through it. `<%~ %>` does not, and is used
 * for the style, the scripts and the inner page of this package only.
 */
export const PAGE_TEMPLATE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="<%= it.policy %>">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title><%= it.title %></title>
<style><%~ it.style %></style>
</head>
<body>
<a class="skip" href="#main">Skip to the verdict</a>
<header>
<p class="kicker"><%= it.kicker %></p>
<h1><%= it.name %><% if (it.confidence) { %><span class="badge <%= it.badge %>">confidence <%= it.confidence %></span><% } %>
<% if (it.place) { %><span class="place"><%= it.place %></span><% } %></h1>
<% for (const line of it.happened) { %><p class="summary"><%= line %></p><% } %>
<nav aria-label="Sections"><ul><% for (const each of it.sections) { %><li><a href="#<%= each.id %>"><%= each.head %></a></li><% } %></ul></nav>
</header>
<main id="main">
<% for (const section of it.sections) { %>
<section aria-labelledby="<%= section.id %>">
<h2 id="<%= section.id %>" tabindex="-1"><%= section.head %></h2>
<%~ section.html %>
</section>
<% } %>
</main>
<footer><p><%= it.foot %></p></footer>
<script><%~ it.script %></script>
</body>
</html>
`

export const VERDICT_TEMPLATE = `
<% if (it.next) { %><div class="next"><strong>What to do next.</strong> <%= it.next %></div><% } %>
<% for (const note of it.notes) { %><div class="note"><%= note %></div><% } %>
<% if (it.waits) { %><p><strong>Waits for:</strong> <%= it.waits %></p><% } %>
<% if (it.signs.length) { %><h3>Why we think so</h3><ul class="plain"><% for (const sign of it.signs) { %><li><%= sign %></li><% } %></ul><% } %>
<% if (it.refuted) { %><p class="soft"><strong>What would rule it out:</strong> <%= it.refuted %></p><% } %>
<% if (it.tasks.length) { %><h3>Whose work it is</h3><ul class="plain"><% for (const task of it.tasks) { %><li><%= task %></li><% } %></ul><% } %>
<% if (it.others.length) { %><h3>Also found</h3><ul class="plain"><% for (const other of it.others) { %><li><strong><%= other.name %></strong> (<%= other.confidence %>): <%= other.summary %></li><% } %></ul><% } %>
`

export const CODE_TEMPLATE = `
<% for (const frame of it.frames) { %><div class="frame"><span class="by"><%= frame.by %></span> <code><%= frame.text %></code>
<% if (frame.lines) { %><pre tabindex="0" aria-label="Source around line <%= frame.line %>"><% for (const line of frame.lines) { %><span<% if (line.here) { %> class="here"<% } %>><%= line.text %></span><% } %></pre><% } %>
<% if (frame.changed) { %><p class="note">The file changed after the process started: these may not be the lines that ran.</p><% } %></div><% } %>
`

export const TIMELINE_TEMPLATE = `
<figure aria-describedby="timeline-text">
<div class="scroll" tabindex="0" role="group" aria-label="Timeline"><svg viewBox="0 0 800 <%= it.height %>" role="img" aria-label="Silence of each clock, and the looks of the capture">
<% for (const tick of it.ticks) { %><line class="axis" x1="<%= tick.x %>" x2="<%= tick.x %>" y1="16" y2="<%= it.height - 22 %>"/><text class="soft" x="<%= tick.x %>" y="<%= it.height - 6 %>" text-anchor="<%= tick.anchor %>"><%= tick.text %></text><% } %>
<% for (const row of it.rows) { %><text x="0" y="<%= row.y + 12 %>"><%= row.name %></text><rect class="<%= row.kind %>" x="<%= row.x %>" y="<%= row.y + 18 %>" width="<%= row.width %>" height="10" rx="3"/><% } %>
<% for (const look of it.looks) { %><line class="look" x1="<%= look.x %>" x2="<%= look.x %>" y1="16" y2="<%= it.height - 22 %>"/><text x="<%= look.x %>" y="11" text-anchor="<%= look.anchor %>"><%= look.text %></text><% } %>
</svg></div>
<figcaption id="timeline-text"><ul class="plain"><% for (const line of it.texts) { %><li><%= line %></li><% } %></ul></figcaption>
</figure>
`

export const TABLE_TEMPLATE = `
<div class="scroll" tabindex="0" role="group" aria-label="<%= it.label %>"><table><thead><tr><% for (const head of it.heads) { %><th scope="col"><%= head %></th><% } %></tr></thead>
<tbody><% for (const row of it.rows) { %><tr><% for (const cell of row) { %><td><%= cell %></td><% } %></tr><% } %></tbody></table></div>
<% if (it.more) { %><p class="soft"><%= it.more %></p><% } %>
`

export const THREADS_TEMPLATE = `
<% for (const thread of it.threads) { %><details<% if (thread.open) { %> open<% } %>><summary><strong><%= thread.name %></strong> <span class="soft"><%= thread.facts %></span></summary>
<% for (const frame of thread.frames) { %><div class="leaf mono"><%= frame %></div><% } %></details><% } %>
<% if (it.more) { %><p class="soft"><%= it.more %></p><% } %>
`

/** Nodes come as a flat list of openings and closings: a chain of thousands must not be a recursion of thousands. */
export const AWAITS_TEMPLATE = `
<div class="tools" role="search"><label for="search">Search</label><input id="search" type="search" autocomplete="off" placeholder="function, file, or what it waits for">
<button type="button" id="unfold">Unfold all</button><button type="button" id="fold">Fold all</button><span id="found" role="status" class="soft"></span></div>
<div id="await-tree">
<% for (const step of it.steps) { %><% if (step.close) { %></details><% } else if (step.leaf) { %><div class="leaf" data-text="<%= step.text %> <%= step.waits %>"><% if (step.count) { %><span class="count"><%= step.count %></span> <% } %><code><%= step.text %></code> <span class="waits"><%= step.waits %></span></div><% } else { %><details data-text="<%= step.text %> <%= step.waits %>"<% if (step.open) { %> open<% } %>><summary><% if (step.count) { %><span class="count"><%= step.count %></span> <% } %><code><%= step.text %></code> <span class="waits"><%= step.waits %></span></summary><% } %><% } %>
</div>
<% if (it.more) { %><p class="soft"><%= it.more %></p><% } %>
`

export const FLAME_TEMPLATE = `
<p class="soft"><%= it.caption %></p>
<iframe title="Flame graph, left heavy" sandbox="allow-scripts" loading="lazy" srcdoc="<%= it.page %>"></iframe>
`

export const FACTS_TEMPLATE = `
<dl class="facts"><% for (const [name, value] of it.facts) { %><div><dt><%= name %></dt><dd><%= value %></dd></div><% } %></dl>
<% if (it.items.length) { %><ul class="plain"><% for (const item of it.items) { %><li><%= item %></li><% } %></ul><% } %>
`
