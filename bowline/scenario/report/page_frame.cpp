#include "bowline/scenario/report/page_frame.hpp"

namespace bowline::inline v0::scenario {

const std::string_view kPageHead = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>
:root { color-scheme: light dark;
  --paper: #ffffff; --ink: #1c1f24; --faint: #6b7280; --line: #d9dce1; --panel: #f5f6f8;
  --segment: #1f4e9c; --again: #d41f1f; --ack: #16803c; --window: #c27803; --sack: #8b2fc9;
  --cwnd: #1f4e9c; --flight: #9aa5b5; --rtt: #16803c; --queue: #b45309; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14161a; --ink: #e6e8eb; --faint: #969ea9; --line: #333841; --panel: #1d2026;
  --segment: #8db8ff; --again: #ff5c5c; --ack: #4ccb79; --window: #e9b949; --sack: #cf8bff;
  --cwnd: #8db8ff; --flight: #67717f; --rtt: #4ccb79; --queue: #f0a05a; } }
body { margin: 0 auto; max-width: 1400px; padding: 12px 20px; background: var(--paper);
  color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 20px; margin: 4px 0; }
p { margin: 4px 0; }
.faint, figcaption { color: var(--faint); }
figure { margin: 10px 0 0; }
figcaption > span { margin-left: 12px; white-space: nowrap; }
figcaption i { display: inline-block; width: 14px; height: 3px; margin-right: 4px; vertical-align: middle; }
canvas { display: block; width: 100%; background: var(--panel); cursor: crosshair; touch-action: none; }
select, button { font: inherit; }
#hover { position: fixed; display: none; pointer-events: none; padding: 4px 8px; white-space: pre;
  background: var(--paper); border: 1px solid var(--line); font: 12px/1.4 ui-monospace, monospace; }
</style>
)html";

const std::string_view kPageBody = R"html(</head>
<body>
<h1 id="title"></h1>
<p><label>Flow <select id="flow"></select></label> <label>Queue <select id="wire"></select></label>
<button id="out">Zoom out</button> <button id="all">Show all</button>
<span class="faint">wheel: zoom, drag: move, double click: show all, hover: values</span></p>
<p id="summary"></p>
<figure><canvas id="sequence" data-height="420"></canvas><figcaption>Time-sequence graph, at the sender
<span><i style="background:var(--segment)"></i>segments</span><span><i style="background:var(--again)"></i>sent again</span>
<span><i style="background:var(--ack)"></i>acknowledged</span><span><i style="background:var(--window)"></i>edge of the window<span id="above"></span></span>
<span><i style="background:var(--sack)"></i>SACK</span><span id="thinned"></span></figcaption></figure>
<figure><canvas id="cwnd" data-height="150"></canvas><figcaption>Bytes
<span><i style="background:var(--cwnd)"></i>cwnd</span><span><i style="background:var(--flight)"></i>sent, not acknowledged</span></figcaption></figure>
<figure><canvas id="rtt" data-height="130"></canvas><figcaption>Round-trip times, from segments sent once</figcaption></figure>
<figure><canvas id="queue" data-height="130"></canvas><figcaption>Bytes that wait for the transmitter, the packet being sent included; seen whenever a packet joins them</figcaption></figure>
<p class="faint" id="run-line"></p>
<div id="hover"></div>
)html";

const std::string_view kPageScript = R"html(<script>
'use strict';
const run = JSON.parse(document.getElementById('run').textContent);
const element = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();

// The series come as differences; sums of them are the values.
function unpack(series) {
  for (const key of Object.keys(series)) {
    if (key === 'stride') continue;
    let sum = 0;
    series[key] = Float64Array.from(series[key], (difference) => (sum += difference));
  }
}
for (const flow of run.flows) ['bars', 'again', 'acks', 'sacks', 'cwnd', 'rtt'].forEach((key) => unpack(flow[key]));
for (const wire of run.wires) unpack(wire.queue);

// The first entry at or after `time`.
function first(times, time) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1; else high = middle;
  }
  return low;
}
// The last entry at or before `time`, or -1.
const last = (times, time) => first(times, time + 0.5) - 1;

const digits4 = (n) => Number(n.toPrecision(4));
const bytesText = (n) => n >= 1e9 ? digits4(n / 1e9) + ' GB' : n >= 1e6 ? digits4(n / 1e6) + ' MB'
    : n >= 1e3 ? digits4(n / 1e3) + ' kB' : Math.round(n) + ' B';
const timeText = (us) => us === 0 ? '0 s' : us >= 1e6 ? digits4(us / 1e6) + ' s' : us >= 1e3 ? digits4(us / 1e3) + ' ms'
    : us.toFixed(0) + ' us';

let flow = run.flows[0];
let wire = run.wires[flow.wire];
let view = { from: 0, to: run.end };
const kLeft = 78, kRight = 10, kTop = 8, kBottom = 20;

// Round steps of an axis: 1, 2 or 5 times a power of ten.
function steps(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) found.push(at);
  return { found, step };
}

class Plot {
  constructor(id, text) {
    this.canvas = element(id);
    this.height = Number(this.canvas.dataset.height);
    this.text = text;  // of a value on the vertical axis
  }
  // Makes the canvas as large as its place, and fits the vertical axis to low..high.
  begin(low, high) {
    const scale = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.canvas.width = this.width * scale;
    this.canvas.height = this.height * scale;
    this.canvas.style.height = this.height + 'px';
    this.c = this.canvas.getContext('2d');
    this.c.setTransform(scale, 0, 0, scale, 0, 0);
    if (!(high > low)) high = low + 1;
    this.low = low;
    this.high = high + (high - low) * 0.05;
    this.axes();
    this.c.save();
    this.c.beginPath();
    this.c.rect(kLeft, kTop, this.width - kLeft - kRight, this.height - kTop - kBottom);
    this.c.clip();
  }
  end() { this.c.restore(); }
  x(time) { return kLeft + (time - view.from) / (view.to - view.from) * (this.width - kLeft - kRight); }
  y(value) { return this.height - kBottom - (value - this.low) / (this.high - this.low) * (this.height - kTop - kBottom); }
  time(x) { return view.from + (x - kLeft) / (this.width - kLeft - kRight) * (view.to - view.from); }
  axes() {
    const c = this.c;
    c.font = '11px system-ui, sans-serif';
    c.strokeStyle = colour('line');
    c.fillStyle = colour('faint');
    c.lineWidth = 1;
    c.textAlign = 'right';
    c.textBaseline = 'middle';
    for (const value of steps(this.low, this.high, this.height / 45).found) {
      const y = Math.round(this.y(value)) + 0.5;
      c.beginPath(); c.moveTo(kLeft, y); c.lineTo(this.width - kRight, y); c.stroke();
      c.fillText(this.text(value), kLeft - 6, y);
    }
    c.textAlign = 'center';
    c.textBaseline = 'top';
    const { found, step } = steps(view.from, view.to, this.width / 130);
    const digits = Math.max(0, Math.ceil(-Math.log10(step / 1e6) - 1e-9));
    for (const time of found) {
      const x = Math.round(this.x(time)) + 0.5;
      c.beginPath(); c.moveTo(x, kTop); c.lineTo(x, this.height - kBottom); c.stroke();
      c.fillText((time / 1e6).toFixed(digits) + ' s', x, this.height - kBottom + 5);
    }
  }
  // Vertical bars of at least `least` points, with the small caps that tell one segment from the next
  // once there is room.
  bars(series, name, width, least) {
    const c = this.c, t = series.t;
    c.strokeStyle = colour(name);
    c.lineWidth = width;
    c.beginPath();
    const begin = first(t, view.from), end = first(t, view.to);
    const caps = end - begin < 1500;
    for (let i = begin; i < end; ++i) {
      const x = this.x(t[i]), top = this.y(series.end[i]), bottom = this.y(series.begin[i]);
      c.moveTo(x, top); c.lineTo(x, Math.max(bottom, top + least));
      if (caps && bottom - top > 3) {
        c.moveTo(x - 2.5, top); c.lineTo(x + 2.5, top);
        c.moveTo(x - 2.5, bottom); c.lineTo(x + 2.5, bottom);
      }
    }
    c.stroke();
  }
  // A line that keeps its value until the next entry.
  stairs(t, values, name) {
    const c = this.c;
    c.strokeStyle = colour(name);
    c.lineWidth = 1.2;
    c.beginPath();
    const begin = Math.max(0, first(t, view.from) - 1), end = Math.min(t.length, first(t, view.to) + 1);
    for (let i = begin; i < end; ++i) {
      const x = this.x(t[i]), y = this.y(values[i]);
      if (i === begin) c.moveTo(x, y); else { c.lineTo(x, this.y(values[i - 1])); c.lineTo(x, y); }
    }
    if (end > begin && end === t.length) c.lineTo(this.x(run.end), this.y(values[end - 1]));
    c.stroke();
  }
  dots(t, values, name) {
    this.c.fillStyle = colour(name);
    for (let i = first(t, view.from), end = first(t, view.to); i < end; ++i) {
      this.c.fillRect(this.x(t[i]) - 1, this.y(values[i]) - 1, 2, 2);
    }
  }
}

const plots = {
  sequence: new Plot('sequence', bytesText),
  cwnd: new Plot('cwnd', bytesText),
  rtt: new Plot('rtt', timeText),
  queue: new Plot('queue', bytesText),
};

// The least and the most of `values` within the view, the value before it included.
function extent(t, values, start) {
  let [low, high] = start;
  for (let i = Math.max(0, first(t, view.from) - 1), end = first(t, view.to); i < end; ++i) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return [low, high];
}

function draw() {
  let range = [Infinity, -Infinity];
  range = extent(flow.bars.t, flow.bars.begin, range);
  range = extent(flow.bars.t, flow.bars.end, range);
  range = extent(flow.again.t, flow.again.begin, range);
  range = extent(flow.acks.t, flow.acks.ack, range);
  if (range[0] === Infinity) range = [0, 1];
  // The window's edge is shown as far as it is near: far above everything it would flatten the rest.
  const edge = extent(flow.acks.t, flow.acks.window, [Infinity, -Infinity]);
  const room = range[0] + 1.5 * (range[1] - range[0]);
  if (edge[0] < room) range[1] = Math.max(range[1], Math.min(edge[1], room));
  element('above').textContent = edge[1] > range[1] ? ' (it lies above)' : '';
  const p = plots.sequence;
  p.begin(range[0], range[1]);
  p.stairs(flow.acks.t, flow.acks.window, 'window');
  p.stairs(flow.acks.t, flow.acks.ack, 'ack');
  p.bars(flow.sacks, 'sack', 2, 1);
  p.bars(flow.bars, 'segment', 1, 1);
  p.bars(flow.again, 'again', 2, 6);  // few, and what one looks for
  p.end();

  const cwnd = flow.cwnd;
  plots.cwnd.begin(0, extent(cwnd.t, cwnd.flight, extent(cwnd.t, cwnd.cwnd, [0, 0]))[1]);
  plots.cwnd.stairs(cwnd.t, cwnd.flight, 'flight');
  plots.cwnd.stairs(cwnd.t, cwnd.cwnd, 'cwnd');
  plots.cwnd.end();

  plots.rtt.begin(0, extent(flow.rtt.t, flow.rtt.rtt, [0, 0])[1]);
  plots.rtt.dots(flow.rtt.t, flow.rtt.rtt, 'rtt');
  plots.rtt.end();

  plots.queue.begin(0, extent(wire.queue.t, wire.queue.bytes, [0, 0])[1]);
  plots.queue.stairs(wire.queue.t, wire.queue.bytes, 'queue');
  plots.queue.end();
}

let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}

function show(from, to) {
  const length = Math.min(Math.max(to - from, 20), run.end);
  from = Math.min(Math.max(from, 0), run.end - length);
  view = { from, to: from + length };
  redraw();
}

function describe(time) {
  const lines = ['at ' + (time / 1e6).toFixed(6) + ' s'];
  const at = (series, words) => {
    const i = last(series.t, time);
    if (i >= 0) lines.push(words(i));
  };
  at(flow.bars, (i) => `sent      ${flow.bars.begin[i]} to ${flow.bars.end[i]}`);
  at(flow.again, (i) => `again     ${flow.again.begin[i]} to ${flow.again.end[i]}, ${timeText(time - flow.again.t[i])} before`);
  at(flow.acks, (i) => `acked     ${flow.acks.ack[i]}\nwindow    ${flow.acks.window[i] - flow.acks.ack[i]} to ${flow.acks.window[i]}`);
  at(flow.cwnd, (i) => `cwnd      ${flow.cwnd.cwnd[i]}\nunacked   ${flow.cwnd.flight[i]}`);
  at(flow.rtt, (i) => `rtt       ${timeText(flow.rtt.rtt[i])}`);
  at(wire.queue, (i) => `queue     ${bytesText(wire.queue.bytes[i])}`);
  return lines.join('\n');
}

function hover(event, plot) {
  const time = plot.time(event.offsetX);
  const box = element('hover');
  if (time < view.from || time > view.to) { box.style.display = 'none'; return; }
  draw();
  for (const each of Object.values(plots)) {
    const x = Math.round(each.x(time)) + 0.5;
    each.c.strokeStyle = colour('faint');
    each.c.lineWidth = 1;
    each.c.beginPath(); each.c.moveTo(x, kTop); each.c.lineTo(x, each.height - kBottom); each.c.stroke();
  }
  box.textContent = describe(time);
  box.style.display = 'block';
  const left = event.clientX + 14 + box.offsetWidth > innerWidth ? event.clientX - 14 - box.offsetWidth : event.clientX + 14;
  box.style.left = left + 'px';
  box.style.top = Math.min(event.clientY + 14, innerHeight - box.offsetHeight - 4) + 'px';
}

let drag = null;
for (const plot of Object.values(plots)) {
  const canvas = plot.canvas;
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    const time = plot.time(event.offsetX);
    const factor = Math.exp(event.deltaY * 0.002);
    show(time - (time - view.from) * factor, time + (view.to - time) * factor);
  }, { passive: false });
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    drag = { x: event.offsetX, from: view.from, to: view.to };
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!drag) { hover(event, plot); return; }
    const moved = (event.offsetX - drag.x) / (plot.width - kLeft - kRight) * (drag.to - drag.from);
    show(drag.from - moved, drag.to - moved);
  });
  canvas.addEventListener('pointerup', () => { drag = null; });
  canvas.addEventListener('pointercancel', () => { drag = null; });
  canvas.addEventListener('pointerleave', () => { element('hover').style.display = 'none'; redraw(); });
  canvas.addEventListener('dblclick', () => show(0, run.end));
}
element('out').addEventListener('click', () => {
  const length = view.to - view.from;
  show(view.from - length / 2, view.to + length / 2);
});
element('all').addEventListener('click', () => show(0, run.end));
addEventListener('resize', redraw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

function choose() {
  element('summary').textContent = `${flow.from} > ${flow.to}: ${flow.summary}`;
  const notes = [];
  if (flow.bars.stride > 1) notes.push(`a bar is ${flow.bars.stride} segments`);
  if (flow.acks.stride > 1) notes.push(`every ${flow.acks.stride}th acknowledgment`);
  const missing = flow.again_count - flow.again.t.length;
  if (missing > 0) notes.push(`the last ${missing} retransmissions are not drawn`);
  element('thinned').textContent = notes.length ? '(' + notes.join('; ') + ')' : '';
  redraw();
}
const options = (select, names, chosen) => {
  names.forEach((name, i) => select.add(new Option(name, i, false, i === chosen)));
};
options(element('flow'), run.flows.map((each) => each.name), 0);
options(element('wire'), run.wires.map((each) => each.name), flow.wire);
element('flow').addEventListener('change', (event) => {
  flow = run.flows[event.target.value];
  wire = run.wires[flow.wire];
  element('wire').value = flow.wire;
  choose();
});
element('wire').addEventListener('change', (event) => { wire = run.wires[event.target.value]; redraw(); });
element('title').textContent = run.title;
element('run-line').textContent =
    `bowline sim; seed ${run.seed}, digest ${run.digest}, ${timeText(run.end)} of virtual time`;
choose();
</script>
</body>
</html>
)html";

}  // namespace bowline::inline v0::scenario
