import type { LabelTemplate } from "./template.js";
import { parseTemplate } from "./template-file.js";

/** The templates that esimd brings, as an operator would write them: docs/labels.md shows these texts, to begin an own one with. */

const unit = `name = "unit"
width_mm = 60
height_mm = 40
dpi = 300

[[element]]
kind = "code128"
x_mm = 3
y_mm = 2.5
height_mm = 6
module_mm = 0.25
content = "{serial}"

[[element]]
kind = "text"
x_mm = 3
y_mm = 9.2
height_mm = 2
content = "S/N {serial}"

[[element]]
kind = "code128"
x_mm = 30
align = "centre"
y_mm = 13.5
height_mm = 6
module_mm = 0.25
content = "{eid}"

[[element]]
kind = "text"
x_mm = 3
y_mm = 20.2
height_mm = 2
content = "EID {eid}"

[[element]]
kind = "text"
x_mm = 3
y_mm = 26
height_mm = 2
content = "ICCID {iccid}"
optional = true

[[element]]
kind = "text"
x_mm = 3
y_mm = 30
height_mm = 2
content = "IMEI {imei}"
optional = true

[[element]]
kind = "text"
x_mm = 3
y_mm = 34
height_mm = 2
content = "{batch}"
optional = true

[[element]]
kind = "qr"
x_mm = 57.5
align = "right"
y_mm = 26
module_mm = 0.5
level = "M"
content = "{eid}"
`;

const activation = `name = "activation"
width_mm = 40
height_mm = 54
dpi = 300

[[element]]
kind = "text"
x_mm = 20
align = "centre"
y_mm = 3
height_mm = 2.5
content = "Scan to activate"

[[element]]
kind = "text"
x_mm = 20
align = "centre"
y_mm = 8
height_mm = 2
content = "{iccid}"
optional = true

[[element]]
kind = "text"
x_mm = 20
align = "centre"
y_mm = 12
height_mm = 2
content = "S/N {serial}"
optional = true

[[element]]
kind = "qr"
x_mm = 20
align = "centre"
y_mm = 17
module_mm = 0.6
level = "M"
content = "{lpa}"
`;

const texts: Readonly<Record<string, string>> = { unit, activation };

export const builtInTemplateNames: readonly string[] = Object.keys(texts);

/** Undefined for a name that is none of {@link builtInTemplateNames}. */
export function builtInTemplateText(name: string): string | undefined {
  return Object.hasOwn(texts, name) ? texts[name] : undefined;
}

export function builtInTemplate(name: string): LabelTemplate | undefined {
  const text = builtInTemplateText(name);
  return text === undefined ? undefined : parseTemplate(text, `the built-in template ${name}`);
}
