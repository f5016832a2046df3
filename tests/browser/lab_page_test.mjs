// The page of `bowline lab --html` in a real browser: lab_page_test.mjs BOWLINE [FOLDER]
//
// Shown: both ladders are drawn, beside each other where there is room; what is written stays inside
// its drawing; it is readable in light and dark; it asks the network for nothing and has no error
// (REQUIREMENTS A26). With FOLDER it leaves screenshots there.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, launch } from './chromium.mjs';

const [, , bowline, shots] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'bowline-lab-page-'));
const browser = await launch(folder);
try {
  for (const [name, language] of [['two-way-handshake', 'en'], ['half-close', 'zh']]) {
    const file = join(folder, name + '.html');
    execFileSync(bowline, ['lab', name, '--lang', language, '--html', file]);
    for (const colorScheme of ['light', 'dark']) {
      const page = await browser.newPage({ viewport: { width: 1240, height: 900 }, colorScheme });
      const problems = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
      if (shots) await page.screenshot({ path: join(shots, `${name}-${language}-${colorScheme}.png`), fullPage: true });
      expect(problems.length === 0, `no error on the page: ${problems}`);
      expect(asked.length === 1, `asks for nothing but itself: ${asked}`);
      const seen = await page.evaluate(() => {
        const runs = [...document.querySelectorAll('.run')].slice(0, 2).map((run) => run.getBoundingClientRect());
        const outside = [...document.querySelectorAll('svg')].flatMap((svg) => {
          const box = svg.getBoundingClientRect();
          return [...svg.querySelectorAll('text')].filter((text) => {
            const own = text.getBoundingClientRect();
            return own.left < box.left - 1 || own.right > box.right + 1 || own.bottom > box.bottom + 1;
          }).map((text) => text.textContent);
        });
        return { beside: runs[0].top === runs[1].top && runs[0].right <= runs[1].left, outside,
          states: document.querySelectorAll('svg text.state').length,
          arrows: document.querySelectorAll('svg line.arrives').length,
          wide: document.documentElement.scrollWidth > innerWidth,
          paper: getComputedStyle(document.body).backgroundColor };
      });
      expect(seen.beside, 'the ladders stand beside each other');
      expect(seen.outside.length === 0, `inside the drawing: ${seen.outside}`);
      expect(seen.states > 6 && seen.arrows > 6, 'states and arrows are there');
      expect(!seen.wide, 'nothing is wider than the window');
      expect((seen.paper === 'rgb(255, 255, 255)') === (colorScheme === 'light'), `${colorScheme}: ${seen.paper}`);
      await page.close();
    }
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
console.log('the pages of the labs are readable');
