// What the service says about itself and in the reader's language: the JSON in the page.

export const facts = JSON.parse(document.getElementById('facts').textContent);

/** The phrase of this name (locales/*.ftl, web_…), with its arguments. */
export function phrase(name, values = {}) {
  return facts.phrases[name].replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
}
