import { describe, expect, it } from "vitest";
import { firstIccid, lines, quietDesk } from "./desk.js";

/** PDP contexts, and the modem's clock. */

const unused = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0";

describe("the APN", () => {
  it("is read, set and deleted by context, and outlives every reset", async () => {
    const desk = await quietDesk();
    expect(await desk.ask("AT+CGDCONT?")).toBe(`+CGDCONT: 1,"IPV4V6","super","${unused}",0,0,0,0|OK`);
    expect(await desk.ask("AT+CGDCONT=?")).toMatch(/^\+CGDCONT: \(1-16\),"IP",.*\|\+CGDCONT: .*"IPV4V6",.*\|OK$/);
    expect(await desk.ask('AT+CGDCONT=1,"IP","iot.example"')).toBe("OK");
    expect(await desk.ask('AT+CGDCONT=3,"IPV4V6"')).toBe("OK");
    await desk.ask("AT+CFUN=1,1", 10_000);
    await desk.ask("ATE0;+CMEE=1");
    const both = `+CGDCONT: 1,"IP","iot.example","0.0.0.0",0,0,0,0|+CGDCONT: 3,"IPV4V6","","${unused}",0,0,0,0|OK`;
    expect(await desk.ask("AT+CGDCONT?")).toBe(both);
    expect(await desk.ask("AT+CGDCONT=3")).toBe("OK");
    expect(await desk.ask("AT+CGDCONT?")).not.toContain("+CGDCONT: 3");
  });

  it.each(['AT+CGDCONT=0,"IP","x"', 'AT+CGDCONT=1,"X25","x"', 'AT+CGDCONT=1,"IP","a b"', "AT+CGDCONT=", "AT+CGACT=2"])(
    "is not what %s says",
    async (command) => {
      expect(await (await quietDesk()).ask(command)).toBe("+CME ERROR: 50");
    },
  );

  it("is of use once its context is active, which is not changed while it is", async () => {
    const desk = await quietDesk();
    expect(await desk.ask("AT+CGATT?")).toBe("+CGATT: 1|OK");
    expect(await desk.ask("AT+CGACT?")).toBe("+CGACT: 1,0|OK");
    expect(await desk.ask("AT+CGACT=1,2")).toBe("+CME ERROR: 50");
    expect(await desk.ask("AT+CGACT=1,1")).toBe("OK");
    expect(await desk.ask("AT+CGCONTRDP=1")).toMatch(/^\+CGCONTRDP: 1,5,"super","192\.0\.2\.17\..*\|OK$/);
    expect(await desk.ask("AT+CGDCONT?")).toContain('"super","192.0.2.17"');
    expect(await desk.ask('AT+CGDCONT=1,"IP","other"')).toBe("+CME ERROR: 3");
    expect(await desk.ask("AT+CGACT=0,1")).toBe("OK");
    expect(await desk.ask('AT+CGDCONT=1,"IP","other"')).toBe("OK");
    await desk.ask("AT+CGACT=1,1");
    await desk.ask("AT+CFUN=4");
    expect(await desk.ask("AT+CGATT?")).toBe("+CGATT: 0|OK");
    expect(await desk.ask("AT+CGACT=1,1")).toBe("+CME ERROR: 30");
    expect(await desk.ask("AT+CGCONTRDP")).toBe("OK");
  });

  it("is refused by the modem, taken and forgotten by it, or refused by the network", async () => {
    const byModem = await quietDesk({ world: { apnRejected: "by-modem" } });
    expect(await byModem.ask('AT+CGDCONT=1,"IP","x"')).toBe("+CME ERROR: 3");
    const silently = await quietDesk({ world: { apnRejected: "silently" } });
    expect(await silently.ask('AT+CGDCONT=1,"IP","x"')).toBe("OK");
    expect(await silently.ask("AT+CGDCONT?")).toContain('"super"');
    const byNetwork = await quietDesk({ world: { apnRejected: "by-network" } });
    expect(await byNetwork.ask('AT+CGDCONT=1,"IP","x";+CGACT=1,1')).toBe("+CME ERROR: 148");
  });
});

describe("a profile that no network takes", () => {
  it.each(["provisioning", firstIccid])("is rejected, by class or ICCID: %s", async (one) => {
    const desk = await quietDesk({ world: { unserved: [one], defaultBearer: true } });
    expect(await desk.ask("AT+CEREG?;+CGATT?")).toBe("+CEREG: 0,3|+CGATT: 0|OK");
    expect(await desk.ask("AT+CGCONTRDP;+COPS?")).toBe("+COPS: 0|OK");
  });

  it("leaves the others their network, whose first context is active by itself as on LTE", async () => {
    const desk = await quietDesk({ world: { unserved: ["operational"], defaultBearer: true } });
    expect(await desk.ask("AT+CEREG?;+CGATT?")).toBe("+CEREG: 0,5|+CGATT: 1|OK");
    expect(await desk.ask("AT+CGCONTRDP")).toContain('"192.0.2.17.');
    await desk.ask("AT+CFUN=4");
    expect(await desk.ask("AT+CGCONTRDP")).toBe("OK");
    await desk.ask("AT+CFUN=1", 10_000);
    expect(await desk.ask("AT+CGCONTRDP")).toContain('"192.0.2.17.');
  });
});

describe("the modem's clock", () => {
  it("has the network's time and zone, or is wrong by so much", async () => {
    const zone = await quietDesk({ world: { timeZoneQuarters: 8 } });
    expect(await zone.ask("AT+CCLK?")).toBe('+CCLK: "26/01/01,02:00:00+08"|OK');
    const west = await quietDesk({ world: { timeZoneQuarters: -14, clockErrorMs: -86_400_000 } });
    expect(await west.ask("AT+CCLK?")).toBe('+CCLK: "25/12/30,20:30:00-14"|OK');
  });

  it("begins in 1980 with each power on, until the network's time is taken", async () => {
    const desk = await quietDesk({ world: { clock: "unset", timeZoneQuarters: 4 } });
    expect(await desk.ask("AT+CCLK?", 5_000)).toBe('+CCLK: "80/01/06,00:00:00+00"|OK');
    expect(await desk.ask("AT+CCLK?")).toBe('+CCLK: "80/01/06,00:00:05+00"|OK');
    expect(await desk.ask("AT+CTZU=1;+CTZR=1")).toBe("OK");
    await desk.ask("AT+CFUN=4");
    expect(await desk.ask("AT+CFUN=1", 4_000)).toBe("OK|+CTZV: +04");
    expect(await desk.ask("AT+CCLK?")).toBe('+CCLK: "26/01/01,01:00:09+04"|OK');
    await desk.ask("AT+CFUN=1,1", 300);
    await desk.ask("ATE0");
    expect(await desk.ask("AT+CCLK?")).toBe('+CCLK: "80/01/06,00:00:00+00"|OK');
    expect(await desk.ask("AT+CTZU?")).toBe("+CTZU: 1|OK");
    expect(await desk.ask("AT+CTZR?")).toBe("+CTZR: 0|OK");
  });

  it("is set by the host, to a time that exists", async () => {
    const desk = await quietDesk({ world: { clock: "unset" } });
    expect(await desk.ask('AT+CCLK="26/02/28,23:59:59+04"', 1_000)).toBe("OK");
    expect(await desk.ask("AT+CCLK?")).toBe('+CCLK: "26/03/01,00:00:00+04"|OK');
    for (const time of ["26/02/31,00:00:00+00", "26/01/01", "now"]) {
      expect(await desk.ask(`AT+CCLK="${time}"`)).toBe("+CME ERROR: 50");
    }
    expect(lines(await desk.heard())).toBe("");
  });
});
