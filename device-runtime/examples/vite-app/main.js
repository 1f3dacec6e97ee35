import { createDevice } from "@fedge/device-runtime/browser";

const server = new URLSearchParams(location.search).get("server") ?? "http://127.0.0.1:8787";
const element = (selector) => document.querySelector(selector);
/** Numbers of words, as the model of `npm start` counts them, filled up to its ten. */
const CONTEXT = [0, 0, 0, 0, 0, 0, 20, 4, 31, 3];

const device = await createDevice({ server, model: "next-word" });
const model = device.model("next-word");

function say() {
  const { isOnline, engine, waitingFor, log, problems } = device.status();
  element("#ask").disabled = model.version === null;
  element("#status").textContent = [
    isOnline ? "online" : "offline",
    `version ${model.version ?? "none yet"}`,
    engine,
    `${log.numRows} predictions remembered`,
    ...waitingFor.map((reason) => `no training: ${reason}`),
    ...problems.map(({ message }) => message),
  ].join(" · ");
}
for (const event of ["version", "state", "log", "conditions", "round"]) device.on(event, say);
say();

element("#consent").checked = device.status().consent.training;
element("#consent").addEventListener("change", ({ target }) =>
  device.setConsent({ training: target.checked }),
);

element("#ask").addEventListener("click", async () => {
  const { outputs, id } = await model.predict({ tokens: CONTEXT });
  const scores = outputs.logits.data;
  const word = scores.indexOf(Math.max(...scores));
  element("output").value = `word ${word}`;
  element("#right").hidden = false;
  element("#right").onclick = async () => {
    await device.log(id, { action: "confirmed" });
    await device.label(id, word);
    element("#right").hidden = true;
  };
});
