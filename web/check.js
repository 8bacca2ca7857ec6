// “Check somebody”: does a detail belong to a Jabber ID?

import * as api from './api.js';
import { phrase } from './facts.js';
import { $, onSubmit } from './form.js';
import { hashOf } from './reading.js';

/** Wires the section. */
export function start() {
  onSubmit($('check-form'), async ({ jid, provider, id }) => {
    $('check-answer').textContent = '';
    const target = jid.value.trim();
    const { confirmed, service } = await api.confirm(target, [await hashOf(provider.value, id.value)]);
    const yes = service ? 'check_yes_by' : 'check_yes';
    $('check-answer').textContent = phrase(confirmed ? yes : 'check_no', { jid: target, service });
  });
}
