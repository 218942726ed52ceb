// Talks to the server this page came from.

const BUSY = 503;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 4000;

export class Refusal extends Error {}

export async function fetchModel() {
  return answered(await fetch("/v1/model"));
}

/** Asks for one image file at a time; of those that come meanwhile only the latest is asked for. */
export class LatestFirst {
  #busy = false;
  #next = null;
  #pause = 0;

  /**
   * @param {(answer: {prediction?: object, error?: string, lost?: boolean, milliseconds: number}) => void} tell
   * @param {(busy: boolean) => void} tellBusy
   */
  constructor(tell, tellBusy) {
    this.tell = tell;
    this.tellBusy = tellBusy;
  }

  /** @param {null | (() => Blob)} image made when its turn comes; null forgets what was asked */
  ask(image) {
    this.#next = { image };
    if (!this.#busy) this.#run();
  }

  async #run() {
    this.#busy = true;
    this.tellBusy(true);
    while (this.#next) {
      const { image } = this.#next;
      this.#next = null;
      if (!image) continue;
      const answer = await this.#answer(image);
      if (this.#next?.image !== null) this.tell(answer); // unless it was cleared away meanwhile
      if (answer.again && !this.#next) {
        await new Promise((resolve) => setTimeout(resolve, answer.again));
        this.#next ??= { image };
      }
    }
    this.#busy = false;
    this.tellBusy(false);
  }

  async #answer(image) {
    const started = performance.now();
    try {
      const form = new FormData();
      form.append("images", image(), "image");
      const response = await fetch("/v1/predict?explain=true", { method: "POST", body: form });
      if (response.status === BUSY) {
        const seconds = Number(response.headers.get("Retry-After")) || 1;
        return { error: "The server is busy; asking again.", again: 1000 * seconds };
      }
      const { predictions } = await answered(response);
      this.#pause = 0;
      return { prediction: predictions[0], milliseconds: performance.now() - started };
    } catch (error) {
      if (error instanceof Refusal) return { error: error.message };
      this.#pause = Math.min(2 * this.#pause || FIRST_PAUSE, LONGEST_PAUSE);
      return { error: "The server does not answer; trying again.", again: this.#pause, lost: true };
    }
  }
}

async function answered(response) {
  const value = await response.json();
  if (!response.ok) throw new Refusal(value.detail);
  return value;
}
