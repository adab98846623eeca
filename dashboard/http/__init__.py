"""What a request may say and how it is answered: the manners that every route shares."""
