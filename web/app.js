// Mario, the web page of it-se.me: everything is done by the HTTP API, from the browser. See README.md.

import { start as startCheck } from './check.js';
import { start as startFriends } from './friends.js';
import { start as startOwn } from './own.js';
import { start as startStop } from './stop.js';

startStop(); // first: it forgets what others may not understand
startOwn();
startFriends();
startCheck();
