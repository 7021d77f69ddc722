// Checks the site in a browser: `site_browser.cjs target/site SCREENSHOTS`, with the browser's path in BROWSER.
//
// - Each page, as on a phone and on a desktop, in the light and in a dark theme: it has its heading, no error in the console, no request
//   that fails or leaves this machine, no horizontal overflow, and no violation of the accessibility rules of axe-core.
// - The menu opens on a phone and leads to a page; the search finds a page; keys and themes work.
const fs = require('fs');
const http = require('http');
const path = require('path');
const { chromium } = require('playwright-core');

const [root, pictures] = process.argv.slice(2);
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const types = {
  '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.json': 'application/json',
  '.woff2': 'font/woff2', '.txt': 'text/plain',
};
const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };
const themes = ['light', 'navy'];
// Pages of which pictures are taken, to be looked at.
const shown = ['introduction', 'getting-started', 'concepts', 'migration', 'architecture', 'facts', 'glossary', 'modules', 'gateways', 'names'];
const problems = [];

function report(what) {
  problems.push(what);
  console.error(what);
}

function serve() {
  const server = http.createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    let file = path.join(root, name);
    if (file.endsWith(path.sep)) file += 'index.html';
    if (!file.startsWith(root) || !fs.existsSync(file)) {
      response.writeHead(404, { 'content-type': 'text/html' });
      response.end(fs.readFileSync(path.join(root, '404.html')));
      return;
    }
    response.writeHead(200, { 'content-type': types[path.extname(file)] || 'application/octet-stream' });
    response.end(fs.readFileSync(file));
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

function walk(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((it) => {
    const name = path.join(folder, it.name);
    return it.isDirectory() ? walk(name) : [name];
  });
}

async function tab(browser, size, theme, base, name) {
  const context = await browser.newContext({ viewport: size, colorScheme: theme === 'light' ? 'light' : 'dark' });
  await context.addInitScript((it) => localStorage.setItem('mdbook-theme', it), theme);
  const page = await context.newPage();
  page.on('console', (it) => {
    if (it.type() === 'error' || it.type() === 'warning') report(`${name()}: console: ${it.text()}`);
  });
  page.on('pageerror', (error) => report(`${name()}: ${error}`));
  page.on('requestfailed', (it) => {
    // The next page is opened before the icon of this one has arrived.
    if (it.failure()?.errorText !== 'net::ERR_ABORTED') report(`${name()}: ${it.url()} failed: ${it.failure()?.errorText}`);
  });
  page.on('response', (it) => {
    if (it.status() >= 400) report(`${name()}: ${it.url()}: ${it.status()}`);
  });
  page.on('request', (it) => {
    if (!it.url().startsWith(base) && !it.url().startsWith('data:')) report(`${name()}: a request to ${it.url()}`);
  });
  return page;
}

async function look(page, url, label) {
  await page.goto(url, { waitUntil: 'load' });
  const seen = await page.evaluate(() => {
    const main = document.querySelector('main');
    const headings = main ? [...main.querySelectorAll('h1')].map((it) => it.textContent.trim()) : [];
    const width = document.documentElement.clientWidth;
    const wide = [];
    for (const it of main ? main.querySelectorAll('*') : []) {
      const box = it.getBoundingClientRect();
      if (box.right <= width + 1 || box.width === 0) continue;
      // What scrolls within its own box is no overflow of the page.
      let holder = it.parentElement;
      while (holder && holder !== document.body && !['auto', 'scroll', 'hidden'].includes(getComputedStyle(holder).overflowX)) holder = holder.parentElement;
      if (!holder || holder === document.body) wide.push(`${it.tagName} ${it.textContent.slice(0, 40)}`);
    }
    return { headings, over: document.documentElement.scrollWidth - width, wide: wide.slice(0, 2), theme: document.documentElement.className };
  });
  if (seen.headings.length !== 1 || !seen.headings[0]) report(`${label}: h1: ${JSON.stringify(seen.headings)}`);
  if (seen.over > 0 || seen.wide.length) report(`${label}: ${seen.over} px too wide: ${seen.wide.join('; ')}`);
  return seen;
}

async function accessibility(page, label) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const found = await window.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] });
    return found.violations.map((it) => `${it.id} (${it.impact}, ${it.nodes.length} times): ${it.nodes[0].html.slice(0, 120)} ${it.nodes[0].any[0]?.message || ''}`);
  });
  for (const it of violations) report(`${label}: ${it}`);
}

// What a reader does with the pages.
async function use(browser, base) {
  let label = 'use';
  const phone = await tab(browser, sizes.phone, 'light', base, () => label);
  label = 'phone: menu';
  await phone.goto(`${base}/getting-started.html`, { waitUntil: 'load' });
  const menu = phone.locator('#mdbook-sidebar');
  const visible = async () => (await menu.boundingBox())?.x >= 0 && (await menu.isVisible());
  if (await visible()) report(`${label}: it is open before`);
  await phone.click('#mdbook-sidebar-toggle');
  await phone.waitForTimeout(600);
  if (!(await visible())) report(`${label}: it does not open`);
  const expanded = await phone.getAttribute('#mdbook-sidebar-toggle', 'aria-expanded');
  if (expanded !== 'true') report(`${label}: aria-expanded is ${expanded}`);
  const link = menu.locator('a', { hasText: 'Concepts' }).first();
  await link.click();
  await phone.waitForURL('**/concepts.html', { timeout: 10000 }).catch(() => report(`${label}: it does not lead to the page`));
  label = 'phone: search';
  await phone.goto(`${base}/introduction.html`, { waitUntil: 'load' });
  await phone.click('#mdbook-search-toggle');
  await phone.keyboard.type('refresh token');
  await phone.locator('#mdbook-searchresults a').first().waitFor({ timeout: 15000 }).catch(() => report(`${label}: no result`));
  const over = await phone.evaluate(() => [...document.querySelectorAll('#mdbook-searchresults, #mdbook-searchresults *')].filter((it) => it.scrollWidth > document.documentElement.clientWidth).length);
  if (over) report(`${label}: ${over} results are wider than the page`);
  await phone.context().close();

  const desktop = await tab(browser, sizes.desktop, 'light', base, () => label);
  label = 'desktop: search';
  await desktop.goto(`${base}/introduction.html`, { waitUntil: 'load' });
  await desktop.keyboard.press('s');
  await desktop.waitForTimeout(300);
  await desktop.keyboard.type('optimistic locking');
  const first = desktop.locator('#mdbook-searchresults a').first();
  await first.waitFor({ timeout: 15000 }).catch(() => report(`${label}: no result`));
  if (await first.count()) {
    const text = await first.textContent();
    await first.click();
    await desktop.waitForTimeout(500);
    if (!desktop.url().includes('concepts.html')) report(`${label}: the first result for "optimistic locking" is ${text}: ${desktop.url()}`);
  }
  label = 'desktop: theme';
  await desktop.goto(`${base}/introduction.html`, { waitUntil: 'load' });
  await desktop.click('#mdbook-theme-toggle');
  await desktop.click('#mdbook-theme-navy');
  const name = await desktop.evaluate(() => document.documentElement.className);
  if (!name.includes('navy')) report(`${label}: ${name}`);
  label = 'desktop: keys';
  await desktop.keyboard.press('Escape');
  await desktop.focus('#mdbook-sidebar-toggle');
  await desktop.keyboard.press('Enter');
  await desktop.waitForTimeout(600);
  if (await desktop.evaluate(() => document.documentElement.classList.contains('sidebar-visible'))) report(`${label}: Enter does not close the menu`);
  await desktop.keyboard.press('ArrowRight');
  await desktop.waitForURL('**/getting-started.html', { timeout: 10000 }).catch(() => report(`${label}: the right arrow does not lead to the next page`));
  label = 'a URL that does not exist';
  const gone = await browser.newPage();
  const response = await gone.goto(`${base}/no/such-page.html`);
  if (response.status() !== 404 || !(await gone.textContent('main')).includes('not found')) report(`${label}: ${response.status()}`);
  await desktop.context().close();
}

async function main() {
  const server = await serve();
  const base = `http://127.0.0.1:${server.address().port}`;
  const options = { executablePath: process.env.BROWSER, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] };
  const browser = await chromium.launch(options);
  // `PAGES=concepts,facts` looks at these alone.
  const chosen = process.env.PAGES?.split(',');
  const pages = walk(root).filter((it) => it.endsWith('.html')).map((it) => path.relative(root, it)).filter((it) => !['toc.html', '404.html', 'index.html'].includes(it)).filter((it) => !chosen || chosen.includes(it.replace('.html', ''))).sort();
  fs.mkdirSync(pictures, { recursive: true });
  for (const [size, box] of Object.entries(sizes)) {
    for (const theme of themes) {
      let label = '';
      const page = await tab(browser, box, theme, base, () => label);
      for (const it of pages) {
        label = `${it} (${size}, ${theme})`;
        const seen = await look(page, `${base}/${it}`, label);
        if (!seen.theme.includes(theme)) report(`${label}: the theme is ${seen.theme}`);
        // Of a source file only the frame of the page differs from that of another one.
        const isOneOfMany = it.startsWith('source/') && it !== pages.find((other) => other.startsWith('source/'));
        // On a phone the dark theme has the same elements as the light one, and on a desktop the same colours.
        if (!isOneOfMany && !(size === 'phone' && theme !== 'light')) await accessibility(page, label);
        const name = it.replace('.html', '');
        if (shown.includes(name)) await page.screenshot({ path: path.join(pictures, `${name}-${size}-${theme}.png`) });
      }
      await page.context().close();
    }
  }
  await use(browser, base);
  await browser.close();
  server.close();
  console.log(`${pages.length} pages, ${Object.keys(sizes).length} widths, ${themes.length} themes; pictures in ${pictures}`);
  if (problems.length) {
    console.error(`${problems.length} problems`);
    process.exit(1);
  }
}

main();
