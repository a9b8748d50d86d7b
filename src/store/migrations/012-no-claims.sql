-- Nothing ever wrote it: one writer at a time is held by the marks on the objects of the cluster themselves.
DROP TABLE claim;
