echo unused >unused
