import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCertificate } from "../../../src/emulator/pki/certificate-reader.js";
import { loadPki } from "../../../src/emulator/pki/pki.js";
import { describeCiKey, rootKeyId } from "../../../src/lpa/es9plus/root-key-id.js";
import { rootWithoutKeyId } from "../../support/root-without-key-id.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "esimd-roots-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("the key id of a root", () => {
  it.each(["P-256", "brainpoolP256r1"] as const)("is the one by which an eUICC lists it (%s)", (curve) => {
    const { ciPem } = loadPki(dir, { curve });
    const der = Buffer.from(ciPem.replace(/-----[A-Z ]+-----|\s/g, ""), "base64");
    const expected = Buffer.from(readCertificate(der).subjectKeyId ?? [])
      .toString("hex")
      .toUpperCase();
    expect(expected).toMatch(/^[0-9A-F]{40}$/);
    expect(rootKeyId(ciPem)).toBe(expected);
  });

  it("without the extension is the hash of its key (RFC 5280 4.2.1.2)", () => {
    expect(rootKeyId(rootWithoutKeyId)).toBe("C3EAFBA1F1260679A3CA665252E233BFC8A7E1D6");
  });

  it("is shown with its name where that is known", () => {
    expect(describeCiKey("81370f5125d0b1d408d4c3b232e6d25e795bebfb")).toContain("(GSM Association - RSP2 Root CI1)");
    expect(describeCiKey("00")).toBe("00");
  });
});
