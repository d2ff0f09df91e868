(() => {
  'use strict';
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const plain = (text) => text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase();

  // A verdict that is pointed at says which claim it is about.
  const named = one('[data-labels]');
  if (named) {
    const labels = JSON.parse(named.textContent);
    document.addEventListener('pointerover', (event) => {
      const mark = event.target.closest('[data-claim]');
      if (mark && !mark.title) mark.title = `${mark.dataset.claim} ${labels[mark.dataset.claim]}: ${one('.sr', mark).textContent.split(': ').at(-1)}`;
    });
  }

  // Index: what is typed leaves the municipalities whose name holds it.
  const search = one('.search');
  if (search) {
    const box = one('input', search), cards = all('.card-of');
    const filter = () => {
      const wanted = plain(box.value.trim());
      for (const card of cards) card.hidden = !plain(card.dataset.name).includes(wanted);
      const left = cards.filter((card) => !card.hidden);
      one('output', search).textContent = left.length;
      one('.nothing').hidden = left.length > 0;
      return left;
    };
    box.addEventListener('input', filter);
    search.addEventListener('submit', (event) => {
      event.preventDefault();
      const [first] = filter();
      if (first) one('a', first).focus();
    });
    search.hidden = false;
    filter();
  }

  // Ranking: one measure at a time; the address keeps which.
  const choose = one('.choose');
  if (choose) {
    const select = one('select', choose), sections = all('.measure');
    const show = (id) => {
      const there = sections.some((section) => section.id === id) ? id : sections.length ? sections[0].id : '';
      for (const section of sections) section.hidden = section.id !== there;
      select.value = there;
    };
    select.addEventListener('change', () => { show(select.value); history.replaceState(null, '', '#' + select.value); });
    choose.addEventListener('submit', (event) => event.preventDefault());
    choose.hidden = false;
    show(location.hash.slice(1));
  }

  // Compare: a column per chosen municipality; the address keeps the choice.
  const picks = one('.picks');
  if (picks) {
    const data = JSON.parse(one('[data-columns]').textContent);
    const known = new Map(data.places.map((place) => [place.code, place]));
    let chosen = location.hash.slice(1).split(',').filter((code) => known.has(code));
    for (const place of data.places) if (chosen.length < 2 && !chosen.includes(place.code)) chosen.push(place.code);
    const make = (name, text, kind) => {
      const made = document.createElement(name);
      if (text) made.textContent = text;
      if (kind) made.className = kind;
      return made;
    };
    const cell = (value) => {
      const made = make('td');
      if (value === null || value === undefined) made.append(make('span', data.words.none, 'gap'));
      else if (Array.isArray(value)) made.append(value[0], make('span', `${value[1]} ${data.to} ${value[2]}; ${value[3]}`, 'range'));
      else {
        made.className = value;
        const sign = make('span', data.verdicts[value][0], 'sign');
        sign.setAttribute('aria-hidden', 'true');
        made.append(sign, data.verdicts[value][1]);
      }
      return made;
    };
    const draw = () => {
      const table = one('.comparison'), head = one('thead tr', table);
      head.replaceChildren(make('th', data.words.what), ...chosen.map((code) => make('th', known.get(code).name)));
      for (const made of head.children) made.scope = 'col';
      one('tbody', table).replaceChildren(...data.rows.map((row, at) => {
        const line = make('tr'), name = make('th', row.label);
        name.scope = 'row';
        line.append(name, ...chosen.map((code) => cell(known.get(code).cells[at])));
        return line;
      }));
      history.replaceState(null, '', '#' + chosen.join(','));
      one('.more').disabled = chosen.length >= data.places.length;
      one('.less').disabled = chosen.length <= 1;
    };
    const offer = () => {
      one('.selects').replaceChildren(...chosen.map((code, at) => {
        const label = make('label', `${data.words.pick} ${at + 1}`), select = make('select');
        for (const place of data.places) {
          const option = make('option', place.name);
          option.value = place.code;
          option.selected = place.code === code;
          select.append(option);
        }
        select.addEventListener('change', () => {
          const other = chosen.indexOf(select.value);
          if (other >= 0) chosen[other] = chosen[at]; // a municipality that stands there already changes places
          chosen[at] = select.value;
          offer();
          draw();
          all('.selects select')[at].focus();
        });
        label.append(select);
        return label;
      }));
    };
    one('.more').addEventListener('click', () => {
      chosen.push(data.places.find((place) => !chosen.includes(place.code)).code);
      offer();
      draw();
    });
    one('.less').addEventListener('click', () => { chosen.pop(); offer(); draw(); });
    picks.addEventListener('submit', (event) => event.preventDefault());
    picks.hidden = false;
    offer();
    draw();
  }
})();
