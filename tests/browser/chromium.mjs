// The browser of these tests: Debian's, told to keep to itself everything that it would otherwise look
// up or fetch, with `home` for what it writes.

import { chromium } from 'playwright-core';

export const launch = (home) => chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
         '--disable-background-networking', '--disable-component-update', '--no-proxy-server'],
  env: { ...process.env, HOME: home },
});

export function expect(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}
