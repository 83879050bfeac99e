import fc from "fast-check";
import { expect, it } from "vitest";
import { topicLevel, topicsOf } from "../../src/report/topics.js";

it("a device has one tree of topics", () => {
  const topics = topicsOf("fleet/esimd", "gw-17");
  expect(topics.availability).toBe("fleet/esimd/gw-17/availability");
  expect(topics.state("modem0")).toBe("fleet/esimd/gw-17/modems/modem0/state");
  expect(topics.report("/dev/serial/by-id/usb-Quectel_EG25-G-if02-port0")).toBe(
    "fleet/esimd/gw-17/modems/dev_serial_by-id_usb-Quectel_EG25-G-if02-port0/report",
  );
});

it("whatever a modem is called, it is one level, without wildcards", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 300, unit: "binary" }), (name) =>
      /^[A-Za-z0-9._-]{1,120}$/.test(topicLevel(name)),
    ),
  );
});
