(() => {
  'use strict';
  // Pointing at a number says where it stands in results.json.
  document.addEventListener('pointerover', (event) => {
    const number = event.target.closest('data[data-ref]');
    if (!number || number.title) return;
    const base = number.dataset.ref.startsWith('/') ? '' : number.closest('[data-base]').dataset.base;
    number.title = 'results.json ' + base + number.dataset.ref;
  });

  const root = document.querySelector('[data-explorer]');
  if (!root) return;
  const data = JSON.parse(root.querySelector('script').textContent);
  const one = (selector) => root.querySelector(selector);
  const [choice, slider, shown, said, list, map, chosen] =
    ['select', 'input', 'output', '.said', '.rank', '.map', '.chosen'].map(one);
  const place = new Map(data.areas.map(([code], index) => [code, index]));
  const rows = new Map([...list.children].map((row) => [row.dataset.code, row]));
  const shapes = new Map(map ? [...map.querySelectorAll('[data-code]')].map((shape) => [shape.dataset.code, shape]) : []);
  const state = { indicator: 0, year: Number(slider.value), picked: null, near: null };

  const write = (indicator, value) => {
    if (value === null || value === undefined) return data.missing;
    const [whole, part] = Math.abs(value).toFixed(indicator.decimals).split('.');
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, data.separators[0]);
    const text = indicator.pattern.replace('{n}', grouped + (part ? data.separators[1] + part : ''));
    return (value < 0 ? '−' : '') + text;
  };
  const colour = (indicator, value, mean) => {
    if (value === null || value === undefined) return 'url(#leeg)';
    const scale = data.colours[indicator.limits.length];
    return scale[indicator.limits.filter((limit) => limit <= value - mean).length];
  };
  const values = () => data.indicators[state.indicator].values[state.year];
  const fill = (pattern, words) => pattern.replace(/\{(\w+)\}/g, (_, name) => words[name]);

  const speak = () => {
    const indicator = data.indicators[state.indicator], code = state.near || state.picked;
    const city = write(indicator, indicator.city[state.year]), year = data.years[state.year];
    said.textContent = code
      ? fill(data.said, { name: data.areas[place.get(code)][1], year, value: write(indicator, values()[place.get(code)]), city })
      : `${indicator.label}, ${year}. ${data.average}: ${city}.`;
  };

  const draw = () => {
    const indicator = data.indicators[state.indicator], now = values(), mean = indicator.city[state.year];
    const all = indicator.values.flat().filter((value) => value !== null);
    const low = Math.min(...all), width = Math.max(...all) - low || 1;
    const along = (value) => `${Math.round((value - low) / width * 1000) / 10}%`;
    for (const [code, index] of place) {
      const value = now[index], text = write(indicator, value);
      const row = rows.get(code), track = row.querySelector('.track'), shape = shapes.get(code);
      row.querySelector('.value').textContent = text;
      track.hidden = value === null;
      track.style.setProperty('--at', along(value));
      track.style.setProperty('--mean', along(mean));
      if (shape) {
        shape.setAttribute('fill', colour(indicator, value, mean));
        shape.firstElementChild.textContent = `${data.areas[index][1]}: ${text}`;
      }
    }
    const order = [...place.keys()].sort((a, b) => {
      const [x, y] = [now[place.get(a)], now[place.get(b)]];
      return (x === null) - (y === null) || x - y || place.get(a) - place.get(b);
    });
    const held = list.contains(document.activeElement) ? document.activeElement : null;
    list.append(...order.map((code) => rows.get(code)));
    if (held) held.focus();
    else reach(order[0]);
    shown.textContent = data.years[state.year];
    slider.value = state.year;
    slider.setAttribute('aria-valuetext', data.years[state.year]);
    const key = one('.key');
    if (key) legend(key, indicator);
    tell();
    speak();
  };

  const make = (name, attributes, text) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const legend = (key, indicator) => {
    const scale = make('g', { class: 'scale' }), blocks = data.colours[indicator.limits.length];
    indicator.limit_texts.forEach((text, index) => scale.append(make('text', { x: 84 * (index + 1), y: 34 }, text)));
    key.replaceChildren(...blocks.map((paint, index) => make('rect', { x: 84 * index, width: 84, height: 14, fill: paint })), scale);
  };

  // One buurt through the years, beside the city; a line stops where figures are no longer the same thing.
  const tell = () => {
    chosen.hidden = state.picked === null;
    if (chosen.hidden) return;
    const indicator = data.indicators[state.indicator], index = place.get(state.picked);
    const own = indicator.values.map((line) => line.length ? line[index] : null);
    const both = [...own, ...indicator.city].filter((value) => value !== null);
    const [low, high] = [Math.min(...both), Math.max(...both)], [first, last] = [data.years[0], data.years.at(-1)];
    const x = (at) => 12 + (data.years[at] - first) / (last - first || 1) * 616;
    const y = (value) => 108 - (value - low) / (high - low || 1) * 96;
    const line = (series, kind) => {
      const parts = [];
      series.forEach((value, at) => {
        if (value === null) return;
        const joined = at > 0 && series[at - 1] !== null && !indicator.breaks.includes(at);
        parts.push(`${joined ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`);
      });
      const dots = series.flatMap((value, at) => value === null ? [] : [make('circle', { class: kind, cx: x(at), cy: y(value), r: at === state.year ? 6 : 3.5 })]);
      return [make('path', { class: kind, d: parts.join('') }), ...dots];
    };
    chosen.querySelector('svg').replaceChildren(...line(indicator.city, 'city'), ...line(own, 'own'));
    chosen.querySelector('.called').textContent = data.areas[index][1];
    chosen.querySelector('h4').textContent = `${data.areas[index][1]}: ${indicator.label}`;
    chosen.querySelector('ul').replaceChildren(...data.years.flatMap((year, at) => {
      if (indicator.city[at] === null) return [];
      const entry = document.createElement('li');
      entry.textContent = `${year}: ${write(indicator, own[at])}`;
      entry.className = at === state.year ? 'now' : '';
      return [entry];
    }));
  };

  const reach = (code) => {
    for (const [other, row] of rows) row.firstElementChild.tabIndex = other === code ? 0 : -1;
  };
  const near = (code, scroll) => {
    if (code === state.near) return;
    state.near = code;
    for (const [other, row] of rows) row.classList.toggle('near', other === code);
    if (map) map.querySelector('.near').setAttribute('d', shapes.has(code) ? shapes.get(code).getAttribute('d') : '');
    if (code && scroll) {
      const row = rows.get(code), top = row.offsetTop - list.offsetTop;
      if (top < list.scrollTop || top + row.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 2;
    }
    speak();
  };
  const pick = (code) => {
    state.picked = state.picked === code ? null : code;
    for (const [other, row] of rows) row.firstElementChild.setAttribute('aria-pressed', String(other === state.picked));
    if (map) map.querySelector('.picked').setAttribute('d', shapes.has(state.picked) ? shapes.get(state.picked).getAttribute('d') : '');
    reach(code);
    tell();
    speak();
  };

  choice.addEventListener('change', () => {
    state.indicator = choice.selectedIndex;
    turn(state.year);
  });
  // A year without figures is passed by: the nearest one that has them is shown.
  const turn = (wanted, step = 0) => {
    const there = data.indicators[state.indicator].city.flatMap((mean, at) => mean === null ? [] : [at]);
    const onward = there.filter((at) => step > 0 ? at >= wanted : step < 0 ? at <= wanted : true);
    state.year = (onward.length ? onward : there).reduce((best, at) => Math.abs(at - wanted) < Math.abs(best - wanted) ? at : best);
    draw();
  };
  slider.addEventListener('input', () => turn(Number(slider.value), Math.sign(Number(slider.value) - state.year)));
  one('form').addEventListener('submit', (event) => event.preventDefault());

  const code = (target) => (target.closest('[data-code]') || { dataset: {} }).dataset.code;
  list.addEventListener('pointerover', (event) => near(code(event.target) || null, false));
  list.addEventListener('pointerleave', () => near(null, false));
  list.addEventListener('focusin', (event) => { near(code(event.target), false); reach(code(event.target)); });
  list.addEventListener('focusout', () => near(null, false));
  list.addEventListener('click', (event) => { if (code(event.target)) pick(code(event.target)); });
  list.addEventListener('keydown', (event) => {
    const order = [...list.children], at = order.findIndex((row) => row.contains(document.activeElement));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: order.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    order[Math.min(Math.max(to, 0), order.length - 1)].firstElementChild.focus();
  });

  if (map) {
    map.tabIndex = 0;
    const centres = new Map();
    const centre = (name) => {
      if (!centres.has(name)) {
        const box = shapes.get(name).getBBox();
        centres.set(name, [box.x + box.width / 2, box.y + box.height / 2]);
      }
      return centres.get(name);
    };
    map.addEventListener('pointerover', (event) => near(code(event.target) || null, true));
    map.addEventListener('pointerleave', () => near(null, false));
    map.addEventListener('click', (event) => { if (code(event.target)) pick(code(event.target)); });
    map.addEventListener('focus', () => { if (map.matches(':focus-visible')) near(state.picked || [...shapes.keys()][0], true); });
    map.addEventListener('blur', () => near(null, false));
    map.addEventListener('keydown', (event) => {
      const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
      if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); if (state.near) pick(state.near); }
      if (event.key === 'Escape') { if (state.picked) pick(state.picked); }
      if (!way) return;
      event.preventDefault();
      const here = centre(state.near && shapes.has(state.near) ? state.near : [...shapes.keys()][0]);
      let best = null, least = Infinity;
      for (const other of shapes.keys()) {
        const [dx, dy] = [centre(other)[0] - here[0], centre(other)[1] - here[1]];
        const onward = dx * way[0] + dy * way[1], aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
        if (onward > 0 && onward + 2 * aside < least) [best, least] = [other, onward + 2 * aside];
      }
      if (best) near(best, true);
    });
  }

  one('form').hidden = false;
  root.classList.add('live');
  draw();
})();
