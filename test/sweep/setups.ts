import type { Setup } from "./world.js";

/** The families of modems with our own LPA, and those whose LPA downloads: each by both methods. */
const hostFamilies = [
  "etsi-apdu",
  "fibocom-mtk",
  "sierra",
  "simcom",
  "3gpp-r19",
  "quectel-iccid",
  "quectel-index",
  "quectel-nwmode",
] as const;
const modemFamilies = ["quectel-iccid", "quectel-nwmode"] as const;
const methods = ["eid", "activation-code"] as const;

export const setups: readonly Setup[] = [
  ...hostFamilies.map((family) => ({ family, lpa: "host" }) as const),
  ...modemFamilies.map((family) => ({ family, lpa: "modem" }) as const),
].flatMap((way, index) =>
  methods.map((method) => ({ ...way, method, provider: index % 3 === 1 ? ("kore" as const) : ("twilio" as const) })),
);

/** One for each LPA that there is, where a sweep does more than every family can be given. */
export const mainSetups: readonly Setup[] = setups.filter(
  ({ family, lpa, method }) => method === "eid" && (family === "etsi-apdu" || lpa === "modem"),
);

export function nameOfSetup({ family, lpa, method, provider }: Setup): string {
  return `${family}, ${lpa}, ${method}, ${provider}`;
}
