// Boxes to tick, one for each of what there is at the moment.

export class Ticks {
  /** In `place`; each is ticked at first if `isTicked`. */
  constructor(place, isTicked) {
    Object.assign(this, { place, isTicked });
  }

  /** Shows these pairs of value and words. Boxes that are there already stay as they are. */
  show(pairs) {
    const values = pairs.map(([value]) => value);
    for (const box of this.boxes()) if (!values.includes(box.value)) box.parentElement.remove();
    const known = this.boxes().map(({ value }) => value);
    for (const [value, words] of pairs) if (!known.includes(value)) this.place.append(this.newBox(value, words));
  }

  newBox(value, words) {
    const [label, box] = [document.createElement('label'), document.createElement('input')];
    Object.assign(box, { type: 'checkbox', value, defaultChecked: this.isTicked });
    label.className = 'tick';
    label.append(box, ` ${words}`);
    return label;
  }

  boxes() {
    return [...this.place.querySelectorAll('input')];
  }

  tick(value) {
    for (const box of this.boxes()) box.checked ||= box.value === value;
  }

  /** The values of those that are ticked. */
  ticked() {
    return this.boxes().filter(({ checked }) => checked).map(({ value }) => value);
  }
}
