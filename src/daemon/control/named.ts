import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { didYouMean } from "../config/suggest.js";
import type { Modems, ModemView } from "../modems.js";

/** @throws EsimdError `port_missing` for a name that is not served. */
export function viewOf(modems: Pick<Modems, "list">, name: string): ModemView {
  const views = modems.list();
  const view = views.find((one) => one.name === name);
  if (view !== undefined) return view;
  const names = views.map((one) => one.name);
  throw new EsimdError("port_missing", `no modem is served under the name ${quote(name)}${didYouMean(name, names)}`, {
    hint: names.length === 0 ? "The daemon serves no modem." : `There are: ${names.slice(0, 64).join(", ")}.`,
  });
}
