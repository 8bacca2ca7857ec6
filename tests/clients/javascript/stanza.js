import { Person } from './libraries/stanza.js';
import { nativePath } from './native.js';

await nativePath('stanza', Person, { keepsCode: false });
