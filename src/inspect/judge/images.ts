import { matchesAny } from '../../policy/profile/pattern.ts'
import { normalised, parseReference, withDefaultTag } from '../../policy/profile/reference.ts'
import type { FieldValue } from '../fields.ts'
import { finding, listing, missing, shown } from './findings.ts'
import { partOf } from './places.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { textOf } from './values.ts'

/** Images to run: allowed by the name under which the engine looks them up, and there is one. */
export const judgeImages: WorkloadJudge = (fields, context) => [
  ...fields.flatMap((field) => judgeImage(field, context)),
  ...judgeMissing(context),
]

/** One image, to run or to mount. */
export function judgeImage(field: FieldValue, { workload, principal }: WorkloadContext): readonly Finding[] {
  const { images } = workload
  const text = textOf(field)
  // Whoever may run every image may name them by id too.
  if (mayRunAll({ workload })) return []
  const refuse = (why: string) => [finding(field, shown(text), 'images', why)]
  if (mayBeImageId(text)) return refuse('it may be the id of any image: use a name with its tag or digest')
  const reference = parseReference(text)
  if (reference === null) return refuse('it is no image reference')
  const full = normalised(withDefaultTag(reference))
  if (matchesAny(images, full, principal)) return []
  return refuse(`${listing('images', images)}; asked for is ${shown(full)}`)
}

/**
 * Whether the engine may take the text for an image's id. It does with hex digits of any number, where no image has that
 * name (containerd's image store: with four and more), and with `sha256:` in front, which reads like a name with a tag.
 */
export function mayBeImageId(text: string): boolean {
  return /^(?:sha(?:256|384|512):)?[0-9a-f]+$/.test(text)
}

function mayRunAll({ workload }: Pick<WorkloadContext, 'workload'>): boolean {
  return workload.images.some((pattern) => pattern.text === '**')
}

/** Engines make a container of no image where none is named, whose files are whatever is mounted. */
function judgeMissing(context: WorkloadContext): readonly Finding[] {
  const image = partOf('image', context)
  if (image === null || textOf(image) !== '' || mayRunAll(context)) return []
  return [missing(image, 'images', 'the image must be stated')]
}
