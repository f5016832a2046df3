// A page with images in a real browser, from `bowline serve` over TUN: page_test.mjs BOWLINE
//
// Runs inside a network namespace that tests/interop/ns_launcher made. Shown: the page and each of
// its images arrives whole, the browser keeps several connections, a second visit is answered by 304,
// and the server ends in good order (REQUIREMENTS A21).

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, launch } from './chromium.mjs';

const kImages = 24;
const kPage = 'http://10.77.0.2/index.html';

// A bitmap of `side` times `side` points in a colour of its own: large enough that many packets carry
// it. (Rows are padded to four bytes; sides are multiples of four.)
function bitmap(side, colour) {
  const bytes = Buffer.alloc(54 + side * side * 3);
  bytes.write('BM');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(side, 18);
  bytes.writeInt32LE(side, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  for (let at = 54; at < bytes.length; at += 3) bytes.set(colour, at);
  return bytes;
}

const colourOf = (i) => [10 * i, 255 - 10 * i, (i * 37) % 256];  // blue, green, red

function writePage(folder) {
  const images = Array.from({ length: kImages }, (_, i) => {
    writeFileSync(join(folder, `${i}.bmp`), bitmap(200 + 4 * i, colourOf(i)));
    return `<img id="i${i}" src="${i}.bmp">`;
  });
  writeFileSync(join(folder, 'index.html'),
                `<!doctype html><title>Bowline</title><h1>Two packets</h1>${images.join('\n')}`);
}

function startServer(bowline, folder) {
  const server = spawn(bowline, ['serve', folder, '--log'], { stdio: ['ignore', 'ignore', 'pipe'] });
  server.log = '';
  const serving = new Promise((resolve, reject) => {
    server.stderr.on('data', (text) => {
      server.log += text;
      if (server.log.includes('Serving ')) resolve();
    });
    server.on('exit', (status) => reject(new Error(`bowline ended with ${status}: ${server.log}`)));
  });
  return { server, serving };
}

const stop = (server) => new Promise((resolve) => {
  server.removeAllListeners('exit');
  server.on('exit', resolve);
  server.kill('SIGINT');
});

// What the browser shows in the middle of image `i`, as [red, green, blue].
const shown = (page, i) => page.evaluate((name) => {
  const image = document.getElementById(name);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d');
  context.drawImage(image, -100, -100);
  return { side: image.naturalWidth, colour: [...context.getImageData(0, 0, 1, 1).data].slice(0, 3) };
}, `i${i}`);

if (process.env.BOWLINE_NO_NAMESPACE) {
  console.log(`SKIP: ${process.env.BOWLINE_NO_NAMESPACE}`);
  process.exit(77);
}
const folder = mkdtempSync(join(tmpdir(), 'bowline-page-'));
let browser, server;
try {
  writePage(folder);
  const started = startServer(process.argv[2], folder);
  server = started.server;
  await started.serving;
  browser = await launch(folder);
  const page = await browser.newPage();
  await page.goto(kPage, { waitUntil: 'load' });
  expect(await page.title() === 'Bowline', 'the page has its title');
  for (let i = 0; i < kImages; ++i) {
    const { side, colour } = await shown(page, i);
    expect(side === 200 + 4 * i, `image ${i} is ${200 + 4 * i} points wide, not ${side}`);
    expect(colour.join() === [...colourOf(i)].reverse().join(), `image ${i} has its colour, not ${colour}`);
  }
  const answers = [];
  page.on('response', (response) => answers.push(response.status()));
  await page.reload({ waitUntil: 'load' });
  expect(answers.length >= 1 && answers.every((status) => status === 200 || status === 304),
         `a second visit is answered, with ${answers}`);
  await browser.close();
  browser = undefined;
  expect(await stop(server) === 0, 'the server ends with status 0');
  const requests = /(\d+) requests on (\d+) connections/.exec(server.log);
  expect(Number(requests?.[1]) > kImages, `a request for each image: ${requests?.[0]}`);
  expect(Number(requests[2]) > 1, `several connections: ${requests[0]}`);
  console.log(`passed: ${requests[0]}`);
} catch (error) {
  console.error(`page_test: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
  server?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
