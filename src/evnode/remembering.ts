/** So many answers are kept: one configuration for each node of the largest cluster, some times over. */
const answersMax = 64

/**
 * The same function of a text and of plain values, which gives what it gave before where it is asked the same again: the
 * plan of one run reads and writes the same configurations at apply, at verify and once more after each resume. The
 * answer must not be changed by whoever gets it. What throws is asked anew.
 */
export function remembering<More extends readonly unknown[], Answer>(
  work: (text: string, ...more: More) => Answer,
): (text: string, ...more: More) => Answer {
  const answers = new Map<string, Answer>()
  return (text, ...more) => {
    const asked = JSON.stringify([text, ...more])
    const known = answers.get(asked)
    if (known !== undefined) return known
    const answer = work(text, ...more)
    if (answers.size >= answersMax) answers.clear()
    answers.set(asked, answer)
    return answer
  }
}
