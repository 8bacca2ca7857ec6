import { Person } from './libraries/xmpp-client.js';
import { nativePath } from './native.js';

await nativePath('@xmpp/client', Person);
