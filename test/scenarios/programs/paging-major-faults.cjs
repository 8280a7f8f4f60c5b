// A catalogue is read through a mapping that does not fit into the memory it may have: every look-up is a disk read.
const path = require('node:path')
const koffi = require(`@koromix/koffi-${process.platform}-${process.arch}`)

const PAGE = 4096
const PAGES = 131_072
const libc = koffi.load(null)
const open = libc.func('int open(const char *path, int flags)')
const mmap = libc.func('void *mmap(void *at, size_t length, int protection, int flags, int fd, long offset)')
const madvise = libc.func('int madvise(void *at, size_t length, int advice)')

function w_lookUp(catalogue, page) {
  return koffi.decode(catalogue, page * PAGE, 'uint8') // @here
}

function w_priceAll(catalogue) {
  let sum = 0
  for (let page = 1; page !== 0; page = (page * 25_173 + 13_849) % PAGES) sum += w_lookUp(catalogue, page)
  return sum
}

async function w_execute(task) {
  if (!task.wedge) return
  const fd = open(path.join(task.folder, 'catalogue.bin'), 0)
  const catalogue = mmap(null, PAGE * PAGES, 1, 1, fd, 0)
  madvise(catalogue, PAGE * PAGES, 1)
  task.wedging()
  for (;;) w_priceAll(catalogue)
}
module.exports = { execute: w_execute }
