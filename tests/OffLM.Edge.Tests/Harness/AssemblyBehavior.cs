// Whole nodes run here, and some tests measure time: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
