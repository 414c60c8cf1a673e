// An ECHONET Lite node by echonet-lite for Node.js: an air conditioner that is set by that library's own
// code; a lock and a battery that are set by the code below; and a second lock, for which that
// library says yes and does nothing.
// thing.js FOLDER_OF_THE_MODULE ADDRESS [OBJECT…]: those objects alone, where some are named.
const [, , folder, address, ...wanted] = process.argv;
const EL = require(folder);

const map = (...codes) => [codes.length, ...codes];
const about = (sets, values) => {
  const object = {
    80: [0x30],
    81: [0x08],
    82: [0x00, 0x00, 0x52, 0x01],
    88: [0x42],
    "8a": [0x00, 0x00, 0x77],
    "9d": map(0x80),
    "9e": map(...sets),
    ...values,
  };
  const codes = [...Object.keys(object).map((code) => parseInt(code, 16)), 0x9f];
  // Sixteen or more would be format 2: keep below.
  object["9f"] = map(...codes);
  return object;
};
const objects = {
  "013001": about([0x80, 0xb0, 0xb3], { b0: [0x42], b3: [0x1a], bb: [0x1c] }),
  "026f01": about([0xe0], { e0: [0x42], e3: [0x42] }),
  "026f02": about([0xe0], { e0: [0x42] }),
  "027d01": about([0xda, 0xeb, 0xec], {
    da: [0x44], eb: [0, 0, 0, 0], ec: [0, 0, 0, 0], d3: [0, 0, 0, 0], e4: [0x32],
  }),
};

const usual = Object.keys(objects);
objects["060201"] = about([0x80], {}); // a television
const here = wanted.length ? wanted : usual;
for (const eoj of Object.keys(objects)) if (!here.includes(eoj)) delete objects[eoj];

const set = (rinfo, els) => {
  const object = objects[els.DEOJ];
  const allowed = object["9e"].slice(1);
  let answer = EL.SET_RES;
  const told = [];
  for (const [code, edt] of Object.entries(els.DETAILs)) {
    if (allowed.includes(parseInt(code, 16))) {
      object[code] = EL.toHexArray(edt);
      told.push([code, ""]);
    } else {
      answer = EL.SETC_SNA;
      told.push([code, edt]);
    }
  }
  const list = told.map(([code, edt]) => code + (edt.length / 2).toString(16).padStart(2, "0") + edt);
  const opc = told.length.toString(16).padStart(2, "0");
  EL.sendString(rinfo.address, `1081${els.TID}${els.DEOJ}${els.SEOJ}${answer}${opc}${list.join("")}`);
};

// Somebody at the battery itself ends what it does (USR1), or sets another value (USR2); it tells all.
const atHand = (mode, watts) => () => {
  const battery = objects["027d01"];
  battery.eb = [0, 0, watts >> 8, watts & 255];
  battery.da = [mode];
  const told = `02da01${mode.toString(16)}eb04${watts.toString(16).padStart(8, "0")}`;
  EL.sendString("224.0.23.0", `10810001027d010ef00173${told}`);
};
process.on("SIGUSR1", atHand(0x44, 0));
process.on("SIGUSR2", atHand(0x42, 300));

EL.initialize(
  Object.keys(objects),
  (rinfo, els) => {
    if (!objects[els.DEOJ]) return;
    if (els.ESV === EL.GET) EL.replyGetDetail(rinfo, els, objects);
    if (els.ESV !== EL.SETC) return;
    if (els.DEOJ === "013001" || els.DEOJ === "026f02") EL.replySetDetail(rinfo, els, objects);
    else set(rinfo, els);
  },
  4,
  { v4: address, ignoreMe: true, autoGetProperties: false },
);
