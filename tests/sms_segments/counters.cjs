// What two libraries from npm say of each text: JSON strings in, one a line; JSON objects out.
const { split } = require("split-sms");
const { SegmentedMessage } = require("sms-segments-calculator");

const told = (text) => {
  const parts = split(text);
  const gsm = parts.characterSet === "GSM";
  const message = new SegmentedMessage(text);
  const bits = message.getEncodingName() === "GSM-7" ? 7 : 16;
  return {
    "split-sms": [gsm ? "GSM-7" : "UCS-2", parts.parts.length, gsm ? parts.bytes : parts.bytes / 2],
    "sms-segments-calculator": [message.getEncodingName(), message.segmentsCount, message.messageSize / bits],
  };
};

const lines = require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1);
process.stdout.write(lines.map((line) => JSON.stringify(told(JSON.parse(line))) + "\n").join(""));
