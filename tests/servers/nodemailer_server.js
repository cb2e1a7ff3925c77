// SPDX-License-Identifier: GPL-3.0-or-later
// smtp-server of npm as a test peer: nodemailer_server.js FOLDER PORT [--tls] [--implicit] [--auth]
//
// Keeps each message as FOLDER/messages/N.eml with its envelope in N.json; unknown@ is refused. --auth: bob@example.test
// with the password secret, or the token "token" for XOAUTH2.
const fs = require('fs');
const path = require('path');
const { SMTPServer } = require(path.join(__dirname, '../node_modules/smtp-server'));

const [folder, port, ...flags] = process.argv.slice(2);
const has = (flag) => flags.includes(flag);
const disabled = [];
if (!has('--tls')) disabled.push('STARTTLS');
if (!has('--auth')) disabled.push('AUTH');
let count = 0;

const isBob = (auth) => auth.username === 'bob@example.test' &&
    (auth.method === 'CRAM-MD5' ? auth.validatePassword('secret')
        : auth.method === 'XOAUTH2' ? auth.accessToken === 'token' : auth.password === 'secret');

const server = new SMTPServer({
    name: 'localhost', logger: false, disableReverseLookup: true, authOptional: !has('--auth'), secure: has('--implicit'),
    disabledCommands: disabled, key: fs.readFileSync(`${folder}/good.key`), cert: fs.readFileSync(`${folder}/good.crt`),
    size: 120 * 1024 * 1024, authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'],
    onAuth(auth, session, done) {
        if (isBob(auth)) return done(null, { user: auth.username });
        if (auth.method === 'XOAUTH2') return done(null, { data: { status: '401', schemes: 'bearer', scope: 'mail' } });
        return done(new Error('no'));
    },
    onRcptTo(address, session, done) {
        const unknown = address.address.startsWith('unknown@');
        done(unknown ? Object.assign(new Error('no such user here'), { responseCode: 550 }) : null);
    },
    onData(stream, session, done) {
        const name = `${folder}/messages/${++count}`;
        const file = fs.createWriteStream(`${name}.eml`);
        stream.pipe(file);
        file.on('finish', () => {
            fs.writeFileSync(`${name}.json`, JSON.stringify(session.envelope));
            done(null, `kept as ${count}`);
        });
    },
});
server.on('error', () => {});   // a client that goes is no reason to stop
server.listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
