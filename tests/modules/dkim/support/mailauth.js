// SPDX-License-Identifier: GPL-3.0-or-later
// mailauth of npm as the other side of the tests of Dkim: what is asked comes as JSON on standard input, the answers go to
// standard output. No name server is asked: keys are those of the question.
//
//   {"keys": {NAME: RECORD}, "verify": [FILE...]}       -> for each file a list of [result, comment, domain, algorithm]
//   {"sign": [{"from": FILE, "to": FILE, "key": PEM, "domain": D, "selector": S, "form": "relaxed/simple",
//              "length": OCTETS, "headers": "from:to"}]} -> for each null, or what went wrong; length and headers may be missing
const fs = require("node:fs");
const path = require("node:path");
const modules = path.join(process.env.CARAPACE_ROOT, "tests/node_modules/mailauth/lib/dkim");
const { dkimSign } = require(path.join(modules, "sign"));
const { dkimVerify } = require(path.join(modules, "verify"));

async function verify(file, keys) {
    const resolver = async (name, type) => {
        if (type === "TXT" && name in keys) return [[].concat(keys[name])];
        throw Object.assign(new Error(`no ${type} record of ${name}`), { code: "ENOTFOUND" });
    };
    const { results } = await dkimVerify(fs.readFileSync(file), { resolver });
    return results.map(r => [r.status.result, r.status.comment || "", r.signingDomain || "", r.algo || ""]);
}

async function sign(wish) {
    const data = { signingDomain: wish.domain, selector: wish.selector, privateKey: wish.key };
    if (wish.length !== undefined) data.maxBodyLength = wish.length;
    const message = fs.readFileSync(wish.from);
    const { signatures, errors } = await dkimSign(message, {
        canonicalization: wish.form, headerList: wish.headers, signTime: new Date(), signatureData: [data] });
    if (errors.length) return String(errors[0].err);
    fs.writeFileSync(wish.to, Buffer.concat([Buffer.from(signatures), message]));
    return null;
}

async function main() {
    const asked = JSON.parse(fs.readFileSync(0, "utf8"));
    const answers = [];
    for (const file of asked.verify || []) answers.push(await verify(file, asked.keys));
    for (const wish of asked.sign || []) answers.push(await sign(wish));
    process.stdout.write(JSON.stringify(answers));
}

main();
