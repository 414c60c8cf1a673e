// An ECHONET Lite node with an air conditioner and a light, by echonet-lite for Node.js.
// aircon.js FOLDER_OF_THE_MODULE ADDRESS
const [, , folder, address] = process.argv;
const EL = require(folder);

const bytes = (text) => [...Buffer.from(text.padEnd(12, "\0"))];
const about = (eoj, maps) => ({
  80: [0x30],
  81: [0x08],
  82: [0x00, 0x00, 0x52, 0x01],
  83: [0xfe, 0x00, 0x00, 0x08, ...Buffer.from(eoj.repeat(3)).subarray(0, 13)],
  88: [0x42],
  "8a": [0x00, 0x00, 0x08],
  ...maps,
});
const objects = {
  "013001": about("013001", {
    "8c": bytes("AC-7"),
    "9d": [0x03, 0x80, 0x81, 0x88],
    "9e": [0x02, 0x80, 0xb0],
    // Sixteen properties: format 2.
    "9f": [0x10, 0x05, 0x01, 0x01, 0x01, 0, 0, 0, 0, 0x01, 0, 0x01, 0x09, 0x01, 0x02, 0x02, 0x02],
  }),
  "029001": about("029001", {
    "9d": [0x01, 0x80],
    "9e": [0x01, 0x80],
    "9f": [0x09, 0x80, 0x81, 0x82, 0x83, 0x88, 0x8a, 0x9d, 0x9e, 0x9f],
  }),
};

EL.initialize(
  Object.keys(objects),
  (rinfo, els) => {
    if (els.ESV === EL.GET && objects[els.DEOJ]) EL.replyGetDetail(rinfo, els, objects);
  },
  4,
  { v4: address, ignoreMe: true, autoGetProperties: false },
);
