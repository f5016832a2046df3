// The page of `bowline sim --html` in a real browser: sim_page_test.mjs BOWLINE
//
// Shown: it draws what it promises (segments, those sent again, acknowledgments, the window's edge, SACK,
// cwnd, round trips, the queue), each in its colour and only where there is such a thing; several flows
// can be chosen; it zooms and tells values; it asks the network for nothing and has no error; and what
// a scenario's author writes stays text (REQUIREMENTS C, `bowline sim FILE`).

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, launch } from './chromium.mjs';

const kTitle = '<b>Two & "more"</b></script><script>document.title = "taken over"</script>';
const scenario = (title, loss) => `title = '''${title}'''
[hosts.client]
[hosts.server]
[[wires]]
between = ["client", "server"]
rate = "10mbit"
delay = "10ms"
queue = "1MB"
there = { loss = "${loss}" }
[[flows]]
name = "first"
from = "client"
to = "server"
size = "1MB"
[[flows]]
name = "second"
from = "client"
to = "server"
size = "300kB"
start = "1s"
`;

// How many points of the canvas `id` have the colour that the page calls `name`.
const painted = (page, id, name) => page.evaluate(([id, name]) => {
  const value = getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const wanted = [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16));
  const canvas = document.getElementById(id);
  const points = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let at = 0; at < points.length; at += 4) {
    if (wanted.every((part, i) => Math.abs(points[at + i] - part) < 12)) ++count;
  }
  return count;
}, [id, name]);

const picture = (page, id) => page.evaluate((id) => document.getElementById(id).toDataURL(), id);
// Drawing waits for the next frame.
const settle = (page) => page.evaluate(() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(done))));
const text = (page, id) => page.textContent('#' + id);

const folder = mkdtempSync(join(tmpdir(), 'bowline-sim-page-'));
const bowline = process.argv[2];
let browser;

async function open(name, loss) {
  const file = join(folder, name);
  writeFileSync(file + '.toml', scenario(kTitle, loss));
  execFileSync(bowline, ['sim', file + '.toml', '--html', file + '.html', '--quiet']);
  const page = await browser.newPage({ viewport: { width: 1200, height: 1000 }, colorScheme: 'light' });
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') page.problems.push(message.text());  // a blocked request, too
  });
  page.asked = [];
  page.on('request', (request) => page.asked.push(request.url()));
  page.address = pathToFileURL(file + '.html').href;
  await page.goto(page.address, { waitUntil: 'load' });
  await settle(page);
  return page;
}

function nothingWrong(page) {
  expect(page.problems.length === 0, `no error on the page: ${page.problems}`);
  expect(page.asked.join() === page.address, `nothing but the page itself is asked for: ${page.asked}`);
}

async function drawsWhatThereIs() {
  const lossy = await open('lossy', '2%');
  const clean = await open('clean', '0%');
  const series = [['sequence', 'segment'], ['sequence', 'ack'], ['sequence', 'window'], ['cwnd', 'cwnd'],
                  ['cwnd', 'flight'], ['rtt', 'rtt'], ['queue', 'queue']];
  for (const page of [lossy, clean]) {
    for (const [id, name] of series) {
      const count = await painted(page, id, name);
      expect(count > 50, `${name} is drawn in ${id}, with ${count} points`);
    }
  }
  for (const name of ['again', 'sack']) {
    expect(await painted(lossy, 'sequence', name) > 3, `${name} is drawn where packets are lost`);
    expect(await painted(clean, 'sequence', name) === 0, `no ${name} where none is lost`);
  }
  expect(await painted(lossy, 'rtt', 'queue') === 0, 'a colour is found only where it was used');
  nothingWrong(clean);
  return lossy;
}

async function authorsTextStaysText(page) {
  expect(await page.title() === kTitle, `the title is the author's: ${await page.title()}`);
  expect(await text(page, 'title') === kTitle, 'and so is the heading');
  expect(await page.locator('h1 b').count() === 0, 'as text, not as markup');
}

async function flowsCanBeChosen(page) {
  const names = await page.locator('#flow option').allTextContents();
  expect(names.join() === 'first,second', `both flows are there: ${names}`);
  const wires = await page.locator('#wire option').allTextContents();
  expect(wires.length === 2 && wires[0].includes('client > server'), `both directions: ${wires}`);
  const before = [await text(page, 'summary'), await picture(page, 'sequence'), await picture(page, 'cwnd')];
  expect(before[0].includes('1.00 MB'), `the first flow's numbers: ${before[0]}`);
  await page.selectOption('#flow', { label: 'second' });
  await settle(page);
  const after = [await text(page, 'summary'), await picture(page, 'sequence'), await picture(page, 'cwnd')];
  expect(after[0].includes('300 kB'), `the second flow's numbers: ${after[0]}`);
  expect(before.every((each, i) => each !== after[i]), 'another flow is another picture');
  await page.selectOption('#flow', { label: 'first' });
  await settle(page);
  expect(await picture(page, 'sequence') === before[1], 'back to the first');
  const queue = await picture(page, 'queue');
  await page.selectOption('#wire', { index: 1 });
  await settle(page);
  expect(await picture(page, 'queue') !== queue, 'the other direction has another queue');
}

async function zoomsAndTellsValues(page) {
  const whole = await picture(page, 'sequence');
  const box = await page.locator('#sequence').boundingBox();
  await page.mouse.move(box.x + 300, box.y + 200);
  await page.mouse.wheel(0, -800);
  await settle(page);
  await page.mouse.move(box.x + 310, box.y + 210);
  await settle(page);
  const values = await text(page, 'hover');
  for (const word of ['at 0.', 'sent ', 'acked ', 'window ', 'cwnd ', 'unacked ', 'rtt ', 'queue ']) {
    expect(values.includes(word), `the values tell "${word}": ${values}`);
  }
  expect(await page.locator('#hover').isVisible(), 'they are seen');
  await page.mouse.move(box.x + 310, box.y - 30);
  await settle(page);
  expect(!await page.locator('#hover').isVisible(), 'until the pointer leaves');
  expect(await picture(page, 'sequence') !== whole, 'the wheel zooms');
  await page.click('#all');
  await settle(page);
  expect(await picture(page, 'sequence') === whole, 'all is shown again');
}

try {
  browser = await launch(folder);
  const page = await drawsWhatThereIs();
  await authorsTextStaysText(page);
  await flowsCanBeChosen(page);
  await zoomsAndTellsValues(page);
  nothingWrong(page);
  console.log('passed');
} catch (error) {
  console.error(`sim_page_test: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
}
