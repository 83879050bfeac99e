import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { parseEid } from "../../../src/base/identifiers.js";
import { checkEuiccChain, isLeafOfCi } from "../../../src/emulator/pki/certificate-chain.js";
import { curves } from "../../../src/emulator/pki/curves.js";
import { createPki, loadPki } from "../../../src/emulator/pki/pki.js";
import { tlsServerOptions } from "../../../src/emulator/pki/tls.js";
import { connectToSmdp } from "../../../src/lpa/es9plus/tls.js";

const eid = parseEid("89049032123451234512345678901235", "the test");
const otherEid = parseEid("89049032000000000000000000000163", "the test");

describe.each(curves)("a fresh world on %s", (curve) => {
  const pki = createPki({ curve });

  it("has an eUICC whose chain holds and names the EID", () => {
    const { certificate, eum } = pki.euicc(eid);
    expect(checkEuiccChain(certificate, eum, pki.ci)).toEqual({ ok: true, eid });
  });

  it("gives each SM-DP+ certificate its role and no other", () => {
    const { dpAuth, dpPb, oid } = pki.smdp();
    expect(isLeafOfCi(dpAuth.certificate, pki.ci, "dpAuth")).toBe(true);
    expect(isLeafOfCi(dpAuth.certificate, pki.ci, "dpPb")).toBe(false);
    expect(isLeafOfCi(dpPb.certificate, pki.ci, "dpPb")).toBe(true);
    expect(dpPb.certificate.registeredId).toBe(oid);
  });

  it("does not believe another world's eUICC, nor an EUM that signs beyond its prefix", () => {
    const stranger = createPki({ curve }).euicc(eid);
    expect(checkEuiccChain(stranger.certificate, stranger.eum, pki.ci)).toMatchObject({ ok: false, of: "eum" });
    expect(checkEuiccChain(stranger.certificate, pki.euicc(eid).eum, pki.ci)).toMatchObject({ ok: false, of: "euicc" });
  });

  it("has a TLS certificate that a client with this root accepts, by name and by address", async () => {
    const server = createServer(tlsServerOptions(pki), (_, response) => response.end("hello"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    // The product's own way to connect: an ordinary client of Node 24 crashes on a brainpool certificate.
    const get = async (host: string): Promise<string> => {
      const socket = await connectToSmdp(
        { host, port },
        { ciRoots: [pki.ciPem], pins: [], clock: systemClock, timeoutMs: 5_000 },
      );
      socket.end("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString().split("\r\n").at(-1) ?? "";
    };
    try {
      expect([await get("localhost"), await get("127.0.0.1")]).toEqual(["hello", "hello"]);
    } finally {
      server.close();
    }
  });
});

describe("a folder of certificates", () => {
  const dirs: string[] = [];
  const folder = (): string => {
    const dir = mkdtempSync(join(tmpdir(), "esimd-pki-"));
    dirs.push(dir);
    return dir;
  };
  afterEach(() => {
    for (const dir of dirs.splice(0)) {
      chmodSync(dir, 0o700);
      rmSync(dir, { recursive: true });
    }
  });

  it("is filled with what is missing, keys for the owner only, and used again", () => {
    const dir = folder();
    const first = loadPki(dir);
    const euicc = first.euicc(eid);
    const smdp = first.smdp();
    expect(readdirSync(dir).sort()).toEqual([
      "ci.key.pem",
      "ci.pem",
      "dpauth.der",
      "dpauth.key.pem",
      "dppb.der",
      "dppb.key.pem",
      "euicc.der",
      "euicc.key.pem",
      "eum.der",
      "tls.key.pem",
      "tls.pem",
    ]);
    expect(statSync(join(dir, "euicc.key.pem")).mode & 0o777).toBe(0o600);
    const again = loadPki(dir);
    expect(again.euicc(eid).certificate.der).toEqual(euicc.certificate.der);
    expect(again.smdp().dpPb.certificate.der).toEqual(smdp.dpPb.certificate.der);
    expect(again.smdp().tls).toEqual(smdp.tls);
  });

  it("makes an eUICC with another EID beside the one it holds", () => {
    const dir = folder();
    loadPki(dir).euicc(eid);
    const world = loadPki(dir);
    const other = world.euicc(otherEid);
    expect(checkEuiccChain(other.certificate, other.eum, world.ci)).toEqual({ ok: true, eid: otherEid });
    expect(loadPki(dir).euicc(eid).certificate.subjectSerialNumber).toBe(eid);
  });

  it("makes nothing without the CI's key, and says which file is missing", () => {
    const dir = folder();
    loadPki(dir);
    rmSync(join(dir, "ci.key.pem"));
    expect(() => loadPki(dir).smdp()).toThrow(expect.objectContaining({ code: "bad_input" }));
    expect(() => loadPki(dir).smdp()).toThrow("dpauth.der is missing: it cannot be made without ci.key.pem");
    expect(() => loadPki(dir).euicc(eid)).toThrow("euicc.der is missing");
  });

  it.each([
    { file: "ci.pem", content: "no PEM", says: "ci.pem cannot be used" },
    { file: "ci.key.pem", content: "no PEM", says: "ci.key.pem cannot be used" },
    { file: "dpauth.der", content: "no DER", says: "dpauth.der cannot be used" },
  ])("refuses $file that is $content, and names it", ({ file, content, says }) => {
    const dir = folder();
    loadPki(dir).smdp();
    writeFileSync(join(dir, file), content);
    expect(() => loadPki(dir).smdp()).toThrow(says);
  });

  it("refuses certificates of another CI, and keys of another certificate", () => {
    const dir = folder();
    const strangerDir = folder();
    loadPki(dir).smdp();
    loadPki(strangerDir).smdp();
    writeFileSync(join(dir, "dppb.der"), readFileSync(join(strangerDir, "dppb.der")));
    expect(() => loadPki(dir).smdp()).toThrow("dppb.key.pem: the key does not belong to its certificate");
    writeFileSync(join(dir, "dppb.key.pem"), readFileSync(join(strangerDir, "dppb.key.pem")));
    expect(() => loadPki(dir).smdp()).toThrow("dppb.der: not a certificate of ci.pem for the role dpPb");
  });
});
