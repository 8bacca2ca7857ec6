// The elements of the protocol: their namespaces, which of their fields are attributes, and which children.

const XMPP = {
  register: ['it-se.me:register', ['provider', 'id', 'resend', 'status'], ['hash', 'goto']],
  links: ['it-se.me:register', [], ['hash']],
  forget: ['it-se.me:register', [], ['hash']],
  verify: ['it-se.me:verify', [], ['code', 'hash', 'confirmed']],
  contact: ['it-se.me:contact', ['status'], ['info', 'jid', 'hash']],
  confirm: ['it-se.me:confirm', [], ['jid', 'hash', 'confirmed']],
  // Nobody's: it is refused (tests/src/refuser.rs).
  refuse: ['urn:test:refuse', ['condition', 'type', 'code'], []],
};

export const ELEMENTS = Object.entries(XMPP).map(([name, [xmlns, attributes, children]]) => ({
  name, xmlns, attributes, children,
}));

export const element = (name) => ELEMENTS.find((element) => element.name === name);
