import { Person } from './libraries/strophe.js';
import { nativePath } from './native.js';

await nativePath('strophe.js', Person);
