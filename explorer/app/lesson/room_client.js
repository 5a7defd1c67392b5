// A student's half of the room: sends answers, and asks which answers the teacher has opened.
export function roomClient(code, who) {
  const base = `/room/${encodeURIComponent(code)}`;
  async function send(question, answer) {
    const response = await fetch(`${base}/answers`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ who, question, answer }),
    });
    if (!response.ok) throw new Error((await response.json()).error);
  }
  async function opened() {
    const response = await fetch(`${base}/open`);
    if (!response.ok) throw new Error((await response.json()).error);
    return (await response.json()).open;
  }
  return { send, opened };
}
