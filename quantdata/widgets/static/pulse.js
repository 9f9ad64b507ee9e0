// Tells the kernel whether this page shows a dashboard to anybody, and when it has drawn what it was sent.
// Nothing between kernel and page holds anybody back; a page that says nothing is sent nothing. And it has charts fit
// their places, which they do by themselves only when the whole window changes.

/**
 * @typedef {{ send: (content: object) => void,
 *             on: (event: string, handler: (content: any) => void) => void,
 *             off: (event: string, handler: (content: any) => void) => void }} Model
 */

/** @param {Element} board */
export function fit(board) {
  const isOdd = [...board.querySelectorAll(".js-plotly-plot")].some((chart) => {
    const drawn = chart.querySelector(".main-svg");
    return drawn !== null && chart.clientWidth > 0 && Math.abs(drawn.clientWidth - chart.clientWidth) > 1;
  });
  if (isOdd) {
    window.dispatchEvent(new Event("resize"));
  }
}

export default () => ({
  /** @param {{ model: Model, el: HTMLElement }} view */
  render({ model, el }) {
    const client = Math.random().toString(36).slice(2) + Date.now().toString(36);
    /** @type {Element} */
    let board = el;
    let isInSight = false;
    let isKnown = false;

    /** @param {string} kind @param {object} [more] */
    const say = (kind, more) => model.send({ kind, client, ...more });

    const update = () => {
      const isShown = isInSight && document.visibilityState === "visible";
      if (isShown !== isKnown) {
        isKnown = isShown;
        say(isShown ? "hello" : "bye");
      }
    };

    /** @param {any} content */
    const onMessage = (content) => {
      if (content?.kind === "mark" && isKnown) {
        // After the frame that shows it, and not before: whoever is slow acknowledges late.
        requestAnimationFrame(() => {
          fit(board);
          setTimeout(() => isKnown && say("ack", { sequence: content.sequence }));
        });
      }
    };

    const onLeave = () => {
      isInSight = false;
      update();
    };

    const observer = new IntersectionObserver((entries) => {
      isInSight = entries.at(-1)?.isIntersecting ?? false;
      update();
    });
    const sizes = new ResizeObserver(() => requestAnimationFrame(() => fit(board)));
    el.setAttribute("aria-hidden", "true");
    // The box is there once this view has been put into it.
    requestAnimationFrame(() => {
      board = el.closest(".quantdata-board") ?? el;
      observer.observe(board);
      sizes.observe(board);
    });
    model.on("msg:custom", onMessage);
    document.addEventListener("visibilitychange", update);
    window.addEventListener("pagehide", onLeave);
    return () => {
      observer.disconnect();
      sizes.disconnect();
      model.off("msg:custom", onMessage);
      document.removeEventListener("visibilitychange", update);
      window.removeEventListener("pagehide", onLeave);
      onLeave();
    };
  },
});
