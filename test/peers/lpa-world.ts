import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { systemClock } from "../../src/base/clock.js";
import { type Iccid, parseIccid } from "../../src/base/identifiers.js";
import { silentLog } from "../../src/base/logging.js";
import { systemRandom } from "../../src/base/random.js";
import { type FakeModem, startFakeModem } from "../../src/emulator/modem/fake-modem.js";
import { defaultEid } from "../../src/emulator/modem/slot.js";
import { type Curve, newPrivateKey, privateKeyToPem } from "../../src/emulator/pki/curves.js";
import { loadPki, type Pki } from "../../src/emulator/pki/pki.js";
import { generateProfile, withHeaderIccid } from "../../src/emulator/rsp/profile-element.js";
import { type FakeSmdp, startFakeSmdp } from "../../src/emulator/smdp/fake-smdp.js";
import { checkScenario, type ScenarioInput } from "../../src/emulator/smdp/scenario.js";

/** What a foreign LPA gets to work with: our fake modem on a pty, its eUICC, and our fake SM-DP+. */
export interface LpaWorld {
  readonly pki: Pki;
  readonly modem: FakeModem;
  readonly smdp: FakeSmdp;
  /** Orders a profile by ES2+, as an operator does. Without a matching id it is found by the EID. */
  order(options?: { readonly matchingId?: string; readonly confirmationCode?: string }): Promise<Iccid>;
  /** SHA-256 of the unprotected profile that the SM-DP+ has for this ICCID. */
  sha256Of(iccid: Iccid): string;
  close(): Promise<void>;
}

export interface LpaWorldOptions {
  readonly scenario?: ScenarioInput;
  readonly profileBytes?: number;
  /** Of the certificates of eUICC and SM-DP+. */
  readonly curve?: Curve;
}

/** As large as the generic test profiles of GSMA TS.48. */
const usualProfileBytes = 11_800;
/** The SIM is back soon after a REFRESH: what is tried here is not patience. */
const quickModem = { simBusyMs: 100, registrationMs: 100 };

export async function startLpaWorld(options: LpaWorldOptions = {}): Promise<LpaWorld> {
  const { scenario = {}, profileBytes = usualProfileBytes, curve = "P-256" } = options;
  const dir = await mkdtemp(join(tmpdir(), "esimd-peers-"));
  const started: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const one of started.splice(0).reverse()) await one.close();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const profile = generateProfile(parseIccid("8988307000000000014", "the stock profile"), profileBytes);
    const profileFile = join(dir, "profile.der");
    await writeFile(profileFile, profile);
    // TLS stays on P-256 in any case: an ordinary client offers no other curve of SGP.22.
    await writeFile(join(dir, "tls.key.pem"), privateKeyToPem(newPrivateKey("P-256")));
    const pki = loadPki(dir, { curve });
    const smdp = await startFakeSmdp({
      listen: { host: "127.0.0.1", port: 0 },
      pki,
      scenario: checkScenario(scenario, "the peers' SM-DP+"),
      profileFile,
    });
    started.push(smdp);
    const modem = await startFakeModem({
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      wire: { kind: "pty", link: join(dir, "modem") },
      pki,
      world: quickModem,
      defaultSmdpAddress: smdp.address,
    });
    started.push(modem);
    return {
      pki,
      modem,
      smdp,
      order: (options = {}) => order(smdp, options),
      sha256Of: (iccid) => createHash("sha256").update(withHeaderIccid(profile, iccid)).digest("hex"),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const ordered = z.object({ iccid: z.string() });

async function order(
  smdp: FakeSmdp,
  options: { readonly matchingId?: string; readonly confirmationCode?: string },
): Promise<Iccid> {
  const { matchingId, confirmationCode } = options;
  const eid = matchingId === undefined ? { eid: defaultEid } : {};
  const { iccid } = ordered.parse(await es2(smdp, "downloadOrder", { ...eid, profileType: "test" }));
  await es2(smdp, "confirmOrder", { iccid, ...eid, matchingId: matchingId ?? "", confirmationCode, releaseFlag: true });
  return parseIccid(iccid, "the SM-DP+'s answer");
}

async function es2(smdp: FakeSmdp, name: string, fields: object): Promise<unknown> {
  const answer = await fetch(`${smdp.es2plusUrl}/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-admin-protocol": "gsma/rsp/v2.2.0" },
    body: JSON.stringify({
      header: { functionRequesterIdentifier: "peers", functionCallIdentifier: name },
      ...fields,
    }),
  });
  return answer.json();
}
