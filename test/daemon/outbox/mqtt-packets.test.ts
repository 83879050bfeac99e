import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  encodeConnect,
  encodePublish,
  MqttProtocolError,
  PacketReader,
} from "../../../src/daemon/outbox/mqtt/packets.js";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("the packets of MQTT 5", () => {
  it("CONNECT: clean start, the will retained at QoS 1, name and password", () => {
    const packet = encodeConnect({
      clientId: "c",
      keepAliveSeconds: 60,
      username: "u",
      password: "p",
      will: { topic: "t", payload: "off" },
    });
    // 3.1.2: name, version 5, flags, keep alive, no properties; then what the flags announce, in the order of 3.1.3.
    expect(packet.toString("hex")).toBe(
      hex("10 1d 0004 4d515454 05 ee 003c 00 0001 63 00 0001 74 0003 6f6666 0001 75 0001 70").toString("hex"),
    );
  });

  it("PUBLISH: QoS 1, retained, text of a type", () => {
    const packet = encodePublish({ topic: "a/b", payload: "{}", retain: true, packetId: 7, contentType: "j" });
    expect(packet.toString("hex")).toBe(hex("33 10 0003 612f62 0007 06 0101 03 0001 6a 7b7d").toString("hex"));
  });

  it("CONNACK with what mosquitto says of itself, PUBACK short and long, PINGRESP, DISCONNECT", () => {
    const bytes = hex(
      "20 11 00 00 0e 22 000a 21 0014 27 00010000 13 000a" +
        "40 02 0007  40 03 0008 10  40 08 0009 87 04 1f 0001 6e" +
        "d0 00  e0 01 8e  e0 00",
    );
    const received = new PacketReader().push(bytes);
    expect(received).toEqual([
      {
        kind: "connack",
        reason: 0,
        reasonText: undefined,
        limits: expect.objectContaining({
          maximumQos: 2,
          retainAvailable: true,
          maximumPacketBytes: 65_536,
          keepAliveSeconds: 10,
        }),
      },
      { kind: "puback", packetId: 7, reason: 0, reasonText: undefined },
      { kind: "puback", packetId: 8, reason: 0x10, reasonText: undefined },
      { kind: "puback", packetId: 9, reason: 0x87, reasonText: "n" },
      { kind: "pingresp" },
      { kind: "disconnect", reason: 0x8e, reasonText: undefined },
      { kind: "disconnect", reason: 0, reasonText: undefined },
    ]);
  });

  it("are the same however the wire cuts them", () => {
    const bytes = hex("20 03 00 00 00 40 02 0007 d0 00 40 08 0009 87 04 1f 0001 6e e0 01 8e");
    const whole = new PacketReader().push(bytes);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 30, maxLength: 30 }), (lengths) => {
        const reader = new PacketReader();
        let at = 0;
        const received = lengths.flatMap((length) => {
          const chunk = bytes.subarray(at, at + length);
          at += length;
          return reader.push(chunk);
        });
        expect(received).toEqual(whole);
      }),
    );
  });

  it("are refused, and nothing else happens, when they are none", () => {
    for (const bytes of [
      "30 00",
      "41 02 0001",
      "40 01 00",
      "20 02 00 00",
      "20 03 01 00 00",
      "ff ff ff ff ff",
      "40 ff ff ff 7f",
    ])
      expect(() => new PacketReader().push(hex(bytes)), bytes).toThrow(MqttProtocolError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new PacketReader().push(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MqttProtocolError);
        }
      }),
    );
  });
});
