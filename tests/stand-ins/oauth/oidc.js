// An OpenID provider on loopback: oidc-provider, with everything in memory and its own pages for signing in,
// where any password will do. It insists on PKCE.
//
//   node oidc.js CALLBACK-PREFIX CLIENT-ID CLIENT-SECRET USER...
//
// Redirects to any address that begins with the prefix. Prints "listening on 127.0.0.1:PORT" once it does.

import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [callbackPrefix, clientId, clientSecret, ...users] = process.argv.slice(2);

const client = (id, method) => ({
  client_id: id,
  client_secret: clientSecret,
  redirect_uris: [callbackPrefix],
  token_endpoint_auth_method: method,
  subject_type: 'pairwise',
});

const configuration = {
  clients: [client(clientId, 'client_secret_basic'), client(`${clientId}-post`, 'client_secret_post')],
  claims: { openid: ['sub'], profile: ['preferred_username'] },
  pkce: { required: () => true },
  findAccount: (_, user) => users.includes(user) && {
    accountId: user,
    claims: () => ({ sub: user, preferred_username: user }),
  },
  // Nobody's subject is their user name, as at most providers: who takes one for the other is found out.
  subjectTypes: ['pairwise'],
  pairwiseIdentifier: (_, user) => `id-of-${user}`,
};

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const here = `127.0.0.1:${server.address().port}`;
const provider = new Provider(`http://${here}`, configuration);
provider.Client.prototype.redirectUriAllowed = (uri) => uri.startsWith(callbackPrefix);
provider.on('server_error', (_, error) => console.error(error));
server.on('request', provider.callback());
console.log(`listening on ${here}`);
