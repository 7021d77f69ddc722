// Accessibility of mdBook's pages: keys for the menu, boxes that scroll, heads of tables. Pages can be read without it.
'use strict';

(() => {
  // The menu's switch is a label of a hidden checkbox, which the keyboard does not reach: a button takes its place.
  const label = document.getElementById('mdbook-sidebar-toggle');
  const checkbox = document.getElementById('mdbook-sidebar-toggle-anchor');
  if (label && checkbox) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...label.childNodes);
    for (const name of ['id', 'class', 'title', 'aria-label', 'aria-controls']) button.setAttribute(name, label.getAttribute(name));
    button.addEventListener('click', () => {
      // mdBook's own listener of the label shows the menu before its transition; without its place in the page, the label switches nothing.
      label.click();
      checkbox.click();
    });
    label.replaceWith(button);
    const root = document.documentElement;
    const state = () => button.setAttribute('aria-expanded', root.classList.contains('sidebar-visible'));
    new MutationObserver(state).observe(root, { attributeFilter: ['class'] });
    state();
  }
  document.getElementById('mdbook-menu-bar')?.setAttribute('role', 'banner');
  document.getElementById('mdbook-search-wrapper')?.setAttribute('role', 'search');
  // The title of the site is the same on all pages: the heading of the page is its only one.
  document.querySelector('.menu-title')?.setAttribute('role', 'none');

  // A head without text is no head.
  for (const head of document.querySelectorAll('main th')) {
    if (!head.textContent.trim()) head.replaceWith(document.createElement('td'));
  }

  // Long names in tables break between their words.
  for (const code of document.querySelectorAll('main td code')) {
    const parts = code.textContent.split(/(?<=[\w:][_/.:,(-])(?=\w)/);
    if (parts.length > 1 && !code.children.length) code.replaceChildren(...parts.flatMap((part, at) => (at ? [document.createElement('wbr'), part] : [part])));
  }

  // What scrolls can be scrolled by the keyboard.
  const boxes = document.querySelectorAll('main .table-wrapper, main pre > code, main .diagram');
  const reach = () => {
    for (const box of boxes) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute('tabindex');
    }
  };
  reach();
  addEventListener('resize', reach);
})();
