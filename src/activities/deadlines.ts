/** How a round of questions or messages bounds its waiting for each of them. */
export interface Deadlines {
  /** Calls `late` after so many milliseconds; the answer gives it up. */
  after(milliseconds: number, late: () => void): () => void;
}

export const REAL_DEADLINES: Deadlines = {
  after(milliseconds, late) {
    const timer = setTimeout(late, milliseconds);
    return () => clearTimeout(timer);
  },
};
