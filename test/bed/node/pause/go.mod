module telehealth-operator.io/test/bed/node/pause

go 1.26.0
