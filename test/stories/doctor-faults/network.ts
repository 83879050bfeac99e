import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPki } from "../../../src/emulator/pki/pki.js";
import { configured } from "../conditions.js";
import { byHost, clockAt, etsi, type Planted } from "../doctor-bench.js";
import type { Field } from "../field.js";

/** The clock, the provider's API, the SM-DP+ and the roots that it must chain to. */

export const networkFaults: Readonly<Record<string, Planted>> = {
  "the clock stands in 1970": {
    plant: () => ({ clock: clockAt(86_400_000) }),
    check: "clock",
    code: "clock_insane",
    says: /the clock says 1970-01-02/,
    next: /time synchronisation/,
  },
  "the clock stands in 1970, and no time is given to ask a modem that is silent": {
    field: { modem: "silence" },
    plant: () => ({ clock: clockAt(86_400_000), words: ["--provider", "none", "--deadline", "1"] }),
    check: "clock",
    code: "clock_insane",
    says: /the clock says 1970-01-02/,
    next: /NTP|clock/,
    also: ["deadline"],
  },
  "the clock is two years ahead, as the API's answer shows": {
    plant: () => ({ clock: clockAt(Date.now() + 2 * 365 * 86_400_000) }),
    check: "clock",
    code: "clock_insane",
    says: /the clock says \d{4}-\d\d-\d\d, and the API's answer \d{4}-/,
    next: /set the clock/,
  },
  "the clock and the modem's differ, and no API was asked": {
    field: { ...etsi, world: { modemWorld: { clockErrorMs: 400 * 86_400_000 } } },
    plant: () => ({ words: [...byHost, "--provider", "none"] }),
    check: "clock",
    code: "clock_insane",
    says: /is not known to be synchronised, and the modem's clock says \d{4}-/,
    next: /NTP.*esimd-clock\.service.*boot\.clock_trust/,
  },
  "the API's name is unknown to DNS": {
    plant: () => ({ env: { ESIMD_API_URL: "https://api.esimd.invalid" } }),
    check: "api",
    code: "api_unreachable",
    says: /GET https:\/\/api\.esimd\.invalid.*no connection/,
    next: /check the host's DNS/,
  },
  "the API's certificate is of another root": {
    plant: ({ world }) => ({ env: { ESIMD_API_URL: `https://${world.smdpAddress}` } }),
    check: "api",
    code: "api_unreachable",
    says: /no connection: .*(certificate|issuer)/,
    next: /not trusted here: check the clock/,
  },
  "nothing listens at the API": {
    plant: () => ({ env: { ESIMD_API_URL: "http://127.0.0.1:1" } }),
    check: "api",
    code: "api_unreachable",
    says: /ECONNREFUSED/,
    next: /route, firewall and proxy/,
  },
  "the API gives server errors": {
    field: { api: [{ actions: [{ do: "error", status: 503 }] }] },
    plant: () => ({}),
    check: "api",
    code: "api_unavailable",
    says: /GET \/v1\/ESimProfiles: 503/,
    next: /tries again later/,
  },
  "the API asks for a pause": {
    field: { api: [{ actions: [{ do: "error", status: 429, code: 20_429 }] }] },
    plant: () => ({}),
    check: "api",
    code: "api_rate_limited",
    says: /429/,
    next: /tries again later/,
  },
  "a captive portal answers in the API's place": {
    field: { api: [{ actions: [{ do: "html", status: 200 }] }] },
    plant: () => ({}),
    check: "api",
    code: "api_protocol",
    says: /an HTML page, as a proxy or a captive portal gives/,
    next: /captive portal/,
  },
  "the API refuses the credentials": {
    plant: () => ({ env: { ESIMD_API_SECRET: "not-the-secret" } }),
    check: "api",
    code: "api_credentials",
    says: /401/,
    next: /Check key, secret and account/,
  },
  "KORE refuses the client": {
    plant: () => ({ words: ["--provider", "kore"], env: { ESIMD_API_SECRET: "not-the-secret" } }),
    check: "api",
    code: "api_credentials",
    says: /POST \/api-services\/v1\/auth\/token: 401/,
    next: /Check key, secret and account/,
  },
  "the ci_roots folder is empty": {
    plant: (field) => {
      mkdirSync(join(field.dir, "no-roots"));
      return { words: ["--ci-roots", join(field.dir, "no-roots")] };
    },
    check: "ci-roots",
    code: "smdp_untrusted",
    says: /there is no GSMA root in .*no-roots/,
    next: /ci_roots/,
  },
  "the ci_roots folder has the roots of others": {
    field: etsi,
    plant: (field) => ({ words: [...byHost, "--ci-roots", foreignRoots(field)] }),
    check: "ci-keys",
    code: "smdp_untrusted",
    says: /has no root of a CI key that the eUICC lists; missing is [0-9A-F]{40}/,
    next: /Put the root certificate with this subject key id into .*foreign/,
  },
  "the SM-DP+ chains to another root": {
    field: etsi,
    plant: async (field) => ({
      words: [
        ...byHost,
        ...["--ci-roots", foreignRoots(field)],
        ...(await configured(field, { download: { smdp_address: field.world.smdpAddress } })),
      ],
    }),
    check: "smdp",
    code: "smdp_untrusted",
    says: /the SM-DP\+ \S+ of download\.smdp_address is not trusted/,
    next: /Put the root that this SM-DP\+ uses into .*foreign/,
    also: ["smdp_untrusted"],
  },
  "the SM-DP+'s name is unknown to DNS": {
    plant: async (field) => ({
      words: await configured(field, { download: { smdp_address: "smdp.esimd.invalid" } }),
    }),
    check: "smdp",
    code: "smdp_unreachable",
    says: /the SM-DP\+ smdp\.esimd\.invalid of download\.smdp_address cannot be reached/,
    next: /check the host's DNS/,
  },
};

/** A folder with the root of another CI. */
function foreignRoots(field: Field): string {
  const folder = join(field.dir, "foreign");
  mkdirSync(join(field.dir, "foreign-pki"));
  mkdirSync(folder);
  writeFileSync(join(folder, "ci.pem"), loadPki(join(field.dir, "foreign-pki")).ciPem);
  return folder;
}
