import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadPki } from "../../../src/emulator/pki/pki.js";
import { sharedRsp } from "../../support/recordings.js";
import { createRspWorld, testEid } from "../../support/rsp-world.js";

const profilesDir = join(sharedRsp, "upp");
const profilesAreHere = existsSync(profilesDir);
const files = profilesAreHere ? readdirSync(profilesDir).map((file) => join(profilesDir, file)) : [];

describe.skipIf(!profilesAreHere)("generic test profiles (skipped where they are not at hand)", () => {
  it.each(files)("%s goes through the SM-DP+ and arrives byte for byte", async (profileFile) => {
    const world = createRspWorld({ profileFile });
    world.order({ eid: testEid });
    expect(await world.download()).toMatchObject({ ok: true });
    expect(world.euicc.profiles[0]?.sha256).toBe(createHash("sha256").update(readFileSync(profileFile)).digest("hex"));
    // A second order gets an ICCID of its own.
    world.order({ eid: testEid });
    expect(await world.download()).toMatchObject({ ok: true });
    expect(new Set(world.euicc.profiles.map(({ iccid }) => iccid)).size).toBe(2);
  });
});

describe.skipIf(!profilesAreHere)("published test certificates (skipped where they are not at hand)", () => {
  it("in a folder they make a world: eUICC and SM-DP+ believe each other", async () => {
    const dir = mkdtempSync(join(tmpdir(), "esimd-sgp26-"));
    try {
      const from = (name: string): Buffer => readFileSync(join(sharedRsp, "certs", `CERT_${name}_ECDSA_NIST.der`));
      const keys = JSON.parse(readFileSync(join(sharedRsp, "certs", "test-keys.json"), "utf8")).keys;
      const keyPem = (name: string): string => ecPem(keys[name].scalar, keys[name].x, keys[name].y);
      writeFileSync(join(dir, "ci.pem"), pem("CERTIFICATE", from("CI")));
      writeFileSync(join(dir, "ci.key.pem"), keyPem("CI"));
      for (const [file, name] of [
        ["eum", "EUM"],
        ["euicc", "EUICC"],
        ["dpauth", "S_SM_DPauth"],
        ["dppb", "S_SM_DPpb"],
      ] as const) {
        writeFileSync(join(dir, `${file}.der`), from(name));
      }
      for (const [file, name] of [
        ["euicc", "EUICC"],
        ["dpauth", "DPauth"],
        ["dppb", "DPpb"],
      ] as const) {
        writeFileSync(join(dir, `${file}.key.pem`), keyPem(name));
      }
      const world = createRspWorld({ pki: loadPki(dir) });
      world.order({ eid: testEid });
      expect(await world.download()).toMatchObject({ ok: true });
      expect(existsSync(join(dir, "tls.pem"))).toBe(true);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(der).toString("base64")}\n-----END ${label}-----\n`;
}

/** A P-256 key as SEC 1 has it (RFC 5915). */
function ecPem(scalar: string, x: string, y: string): string {
  const der = `30770201010420${scalar}a00a06082a8648ce3d030107a14403420004${x}${y}`;
  return pem("EC PRIVATE KEY", Buffer.from(der, "hex"));
}
