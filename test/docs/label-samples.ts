import { builtInTemplate } from "../../src/label/built-in.js";
import { parseLabelData } from "../../src/label/data.js";
import { renderLabel } from "../../src/label/label.js";

/** docs/label-*.svg: each built-in template with a unit that is nobody's. */
export function labelSample(name: string): string {
  const template = builtInTemplate(name);
  if (template === undefined) throw new Error(`there is no template ${name}`);
  const data = parseLabelData(
    {
      serial: "GW-2026-000042",
      eid: "89040000000000000000000000471147",
      iccid: "8988300000000000001",
      imei: "004999010640000",
      activation_code: "1$SMDP.EXAMPLE.COM$QR-0000-0042",
    },
    "the sample",
  );
  return Buffer.from(renderLabel(template, data, "svg")).toString("utf8");
}
